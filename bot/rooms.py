"""The configured channels, built: what sends, what hears, and what each may send a minute."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aiohttp import web

from bot.chat.channel import Channel, Outgoing
from bot.chat.dingtalk.app import AppChannel, AppClient
from bot.chat.dingtalk.callback import RobotCallback
from bot.chat.dingtalk.message import RobotMessage
from bot.chat.dingtalk.robot import RobotChannel
from bot.chat.dingtalk.routes import CallbackRoutes, Take
from bot.chat.dingtalk.stream import StreamClient
from bot.chat.inbound import Directory, Inbound
from bot.chat.outbox import Lane
from bot.chat.web.log import RoomLog
from bot.chat.web.room import WebRoom
from bot.chat.webhook.channel import WebhookChannel
from bot.command.dispatcher import Dispatcher
from bot.http.parts import HttpParts, PartStatus
from bot.render.notification import Part, render
from core.config.channels import Channel as ChannelSettings
from core.config.channels import DingTalkApp
from core.config.settings import Settings
from core.http import HttpClient
from core.store.database import Database


class Rooms:
    """Every channel that something refers to or that can be heard."""

    def __init__(self, settings: Settings, db: Database, http: HttpClient) -> None:
        self._settings = settings
        self._db = db
        self._http = http
        self.web_log = RoomLog(db)
        self.channels: dict[str, Channel] = {}
        self.lanes: dict[str, Lane] = {}
        self._apps: dict[str, AppClient] = {}
        self._streams: dict[str, StreamClient] = {}
        self._callbacks: dict[str, tuple[RobotCallback, Take]] = {}
        used = {c for r in settings.receivers for c in r.channels}
        used |= {name for p in settings.escalation for s in p.steps for name in s.notify}
        for channel in settings.channels:
            if channel.name in used or _stands_alone(channel):
                self._build(channel)

    def _build(self, channel: ChannelSettings) -> None:
        match channel.type:
            case "web":
                self.channels[channel.name] = WebRoom(channel, self.web_log, self._show(channel))
            case "webhook":
                self.channels[channel.name] = WebhookChannel(channel, self._http)
            case "dingtalk_robot":
                robot = RobotChannel(
                    channel, self._http, self._show(channel), language=self._settings.language
                )
                self.channels[channel.name] = robot
                if channel.rate_per_minute:
                    self.lanes[channel.name] = Lane(channel.name, channel.rate_per_minute)
            case "dingtalk_app" if channel.client_id:
                client = AppClient(channel, self._http, language=self._settings.language)
                self._apps[channel.name] = client
                if channel.conversation_id:
                    self.channels[channel.name] = AppChannel(channel, client, self._show(channel))

    def _show(self, channel: ChannelSettings) -> Callable[[Outgoing], list[Part]]:
        settings = self._settings
        language = channel.language or settings.language
        return partial(render, language=language, base_url=settings.base_url, tz=settings.tz)

    # Hearing

    def hear_with(self, dispatcher: Dispatcher) -> None:
        """Prepare every app that is heard: by stream, or by callbacks (HTTP mode)."""
        settings = self._settings
        directory = Directory(
            {p.dingtalk_user_id: (p.name, p.role) for p in settings.people},
            settings.chat.unknown_senders,
        )
        for channel in settings.channels:
            if not isinstance(channel, DingTalkApp) or channel.name not in self._apps:
                continue
            language = channel.language or settings.language
            take = partial(self._take, channel, Inbound(self._db, dispatcher, directory, language))
            if channel.mode == "stream":
                self._streams[channel.name] = StreamClient(channel, self._http, take)
            else:
                self._callbacks[channel.name] = (RobotCallback(channel), take)

    def add_routes(self, app: web.Application, _parts: HttpParts) -> None:
        """The addresses that platforms post to."""
        CallbackRoutes(self._callbacks).add_to(app)

    async def listen(self) -> None:
        """Connect what hears by itself (stream mode)."""
        for client in self._streams.values():
            await client.start()

    async def _take(self, channel: DingTalkApp, inbound: Inbound, message: RobotMessage) -> None:
        app = self._apps[channel.name]

        async def reply(text: str) -> None:
            await app.reply(message, text)

        await inbound.take("dingtalk", message.heard(channel.name), reply)

    def statuses(self) -> list[PartStatus]:
        """How the connections that hear are doing. Not hearing does not make us unready: alerts
        still go out."""
        return [
            PartStatus(f"chat:{name}", True, "" if client.connected else client.problem)
            for name, client in self._streams.items()
        ]

    async def stop(self) -> None:
        """Hear no more."""
        for client in self._streams.values():
            await client.stop()


def _stands_alone(channel: ChannelSettings) -> bool:
    """Whether a channel is of use though no receiver names it: it hears, or it subscribes."""
    return channel.type in {"web", "dingtalk_app"} or (
        channel.type == "webhook" and bool(channel.events)
    )
