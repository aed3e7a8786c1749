"""DingTalk: custom robots and app robots out, stream mode and HTTP callbacks in."""

from bot.chat.dingtalk.app import AppChannel, AppClient, Reached
from bot.chat.dingtalk.callback import CallbackRefused, RobotCallback, verify
from bot.chat.dingtalk.errors import Action, Refused
from bot.chat.dingtalk.message import RobotMessage, parse_message
from bot.chat.dingtalk.robot import RobotChannel
from bot.chat.dingtalk.stream import StreamClient

__all__ = [
    "Action",
    "AppChannel",
    "AppClient",
    "CallbackRefused",
    "Reached",
    "Refused",
    "RobotCallback",
    "RobotChannel",
    "RobotMessage",
    "StreamClient",
    "parse_message",
    "verify",
]
