"""A DingTalk on loopback that enforces the platform's rules; the real clients talk to it.

`async with DingTalkSim() as sim:` in tests, `python -m tests.sim.dingtalk` with a page.
"""

from .callback import Forgery
from .fault import FaultKind
from .model import App, Button, Card, Delivery, Group, Message, Robot, Said, Twist, TwistKind, User
from .rules import Rules
from .simulator import DingTalkSim
from .wait import wait_for
from .world import World

__all__ = [
    "App",
    "Button",
    "Card",
    "Delivery",
    "DingTalkSim",
    "FaultKind",
    "Forgery",
    "Group",
    "Message",
    "Robot",
    "Rules",
    "Said",
    "Twist",
    "TwistKind",
    "User",
    "World",
    "wait_for",
]
