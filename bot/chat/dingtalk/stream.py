"""Stream mode: the platform's messages through a WebSocket that we open; no public address.

The official SDK blocks the loop and cannot be stopped, so this is a small client of our own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from enum import Enum
from typing import Any

import aiohttp
import structlog
from yarl import URL

from bot.chat.dingtalk.backoff import Backoff
from bot.chat.dingtalk.frame import BOT_TOPIC, Frame, ack, read_frame
from bot.chat.dingtalk.message import RobotMessage, parse_message
from bot.chat.dingtalk.openapi import OpenApi
from core.clock import Clock, utc_now
from core.config.channels import DingTalkApp
from core.errors import DeliveryError, InvalidInput, TocsinError
from core.http import HttpClient

log = structlog.get_logger(__name__)

SILENCE = timedelta(seconds=90)
"""The platform sends something every 20 to 30 s; a socket without frames for this long is dead."""
_TICK = 1.0
_HEARTBEAT = 30.0
_CONNECT_WITHIN = 15.0
_HELD = 10.0
"""Seconds after which a connection counts as one that held."""
_ACK_WITHIN = 1.0
_MAX_IN_HAND = 200  # tasks, two for each message
_MAX_FRAME = 1024 * 1024

_Socket = aiohttp.ClientWebSocketResponse


class _End(Enum):
    """Why a connection is over."""

    CLOSED = "closed"
    DISCONNECT = "disconnect"
    SILENT = "silent"


class StreamClient:
    """Hears what people tell one app's robot, and connects again for as long as it runs.

    `on_message` gets each message; the platform may send one twice, the caller knows them by
    msg_id. A message is acknowledged when `on_message` is done or after a second, whichever is
    first, so slow work delays no acknowledgement; when it fails before that with an error that
    may pass (the store is full), it is not, and the platform sends it again after a minute.
    """

    def __init__(
        self,
        settings: DingTalkApp,
        http: HttpClient,
        on_message: Callable[[RobotMessage], Awaitable[None]],
        clock: Clock = utc_now,
        *,
        silence: timedelta = SILENCE,
    ) -> None:
        self.name = settings.name
        self.connected = False
        self.problem = "not started"
        """Why it is not connected, for people; empty when it is."""
        self._api = OpenApi(settings, http, clock)
        self._http = http
        self._on_message = on_message
        self._clock = clock
        self._silence = silence.total_seconds()
        self._running: asyncio.Task[None] | None = None
        self._socket: _Socket | None = None
        self._in_hand: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Begin to connect; `connected` tells when it is."""
        self.problem = "connecting"
        self._running = asyncio.create_task(self._run(), name=f"dingtalk-stream-{self.name}")

    async def stop(self) -> None:
        """Hear no more; what is in hand gets half a second. Done within a second."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=0.5)
        unfinished = set(self._in_hand)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=0.1)
        if self._socket is not None:
            await _close(self._socket)
        self.connected, self.problem = False, "stopped"

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            began = time.monotonic()
            try:
                await self._hold_one()
            except DeliveryError as error:
                self.problem = str(error)
                log.warning("dingtalk_stream_unreachable", channel=self.name, error=str(error))
            except Exception as error:
                self.problem = f"{type(error).__name__}"
                log.exception("dingtalk_stream_crashed", channel=self.name)
            self.connected = False
            if time.monotonic() - began >= _HELD:
                backoff.reset()
            await asyncio.sleep(backoff.next())

    async def _hold_one(self) -> None:
        """Connect, and hear until that connection is over. Raises DeliveryError."""
        socket = await self._connect()
        # A disconnect frame ends the old socket's deliveries: it is closed only now, when the
        # new one hears what people say.
        if self._socket is not None:
            self._spawn(_close(self._socket))
        self._socket = socket
        self.connected, self.problem = True, ""
        log.info("dingtalk_stream_connected", channel=self.name)
        end = await self._read(socket)
        self.problem = f"the connection ended: {end.value}"
        log.info("dingtalk_stream_ended", channel=self.name, why=end.value)

    async def _connect(self) -> _Socket:
        endpoint, ticket = await self._api.open_stream([("CALLBACK", BOT_TOPIC)])
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                return await self._http.session.ws_connect(
                    URL(endpoint).update_query(ticket=ticket),
                    heartbeat=_HEARTBEAT,
                    max_msg_size=_MAX_FRAME,
                    timeout=aiohttp.ClientWSTimeout(ws_close=0.3),
                )
        except aiohttp.WSServerHandshakeError as error:
            why = f"the gateway refused the WebSocket with HTTP {error.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            why = f"the gateway's WebSocket cannot be opened ({type(error).__name__})"
        # Not chained: the library's error tells the whole address, and the ticket is in it.
        raise DeliveryError(why, code="gateway")

    async def _read(self, socket: _Socket) -> _End:
        """Take frames until the connection is over, or silent for too long.

        Silence is measured on both clocks: the monotonic one stands still while a machine sleeps.
        """
        wall, steady = self._clock(), time.monotonic()
        while True:
            try:
                message = await socket.receive(timeout=_TICK)
            except TimeoutError:
                asleep = (self._clock() - wall).total_seconds()
                if max(asleep, time.monotonic() - steady) > self._silence:
                    return _End.SILENT
                continue
            if message.type is not aiohttp.WSMsgType.TEXT:
                if message.type is aiohttp.WSMsgType.BINARY:
                    continue
                return _End.CLOSED
            wall, steady = self._clock(), time.monotonic()
            if await self._take(socket, message.data):
                return _End.DISCONNECT

    async def _take(self, socket: _Socket, raw: str) -> bool:
        """Act on one frame; True when it says that the connection ends."""
        try:
            frame = read_frame(raw)
        except InvalidInput as error:
            log.warning("dingtalk_frame_unreadable", channel=self.name, error=str(error))
            return False
        if frame.type == "SYSTEM":
            if frame.topic == "ping":
                await _send(socket, ack(frame, frame.data))
            return frame.topic == "disconnect"
        if frame.type == "CALLBACK" and frame.topic == BOT_TOPIC:
            if len(self._in_hand) < _MAX_IN_HAND:
                self._spawn(self._hear(socket, frame))
            else:  # without an ACK it comes again
                log.warning("dingtalk_message_postponed", channel=self.name)
            return False
        await _send(
            socket, ack(frame, '{"status":"SUCCESS"}' if frame.type == "EVENT" else _NOTHING)
        )
        return False

    async def _hear(self, socket: _Socket, frame: Frame) -> None:
        """Hand a message over and acknowledge it."""
        try:
            message = parse_message(frame.data, self._clock(), frame.message_id)
        except InvalidInput as error:  # it would be no better the next time
            log.warning("dingtalk_message_unreadable", channel=self.name, error=str(error))
            message = None
        if message is not None:
            handing = self._spawn(self._hand_over(message))
            done, _ = await asyncio.wait({handing}, timeout=_ACK_WITHIN)
            if done and not handing.result():
                return
        await _send(socket, ack(frame, _NOTHING))

    async def _hand_over(self, message: RobotMessage) -> bool:
        """Give `message` to the caller; False when the platform should send it again."""
        try:
            await self._on_message(message)
        except TocsinError as error:
            log.warning("dingtalk_message_failed", channel=self.name, error=str(error))
            return not error.retryable
        except Exception:
            log.exception("dingtalk_message_crashed", channel=self.name)
        return True

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        return task


_NOTHING = '{"response":null}'


async def _send(socket: _Socket, text: str) -> None:
    """Send, unless the socket is gone: then the platform sends the message again."""
    try:
        await socket.send_str(text)
    except (ConnectionError, aiohttp.ClientError):
        log.info("dingtalk_ack_lost")


async def _close(socket: _Socket) -> None:
    """Close, but wait for nobody who does not answer."""
    try:
        async with asyncio.timeout(0.3):
            await socket.close()
    except TimeoutError:
        log.debug("dingtalk_close_unanswered")
