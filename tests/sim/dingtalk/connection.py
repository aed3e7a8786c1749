"""One WebSocket of the stream gateway: frames out, ACKs in, and ways to misbehave."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from .model import App, Json
from .world import World, as_object

Subscription = tuple[str, str]
"""(type, topic), such as ("CALLBACK", "/v1.0/im/bot/messages/get")."""


@dataclass(frozen=True, slots=True)
class Ack:
    """A frame of the client that the platform understands; message_id "" when it names none."""

    message_id: str
    code: int
    data: Json


def parse_ack(raw: str) -> Ack | str:
    """The ACK in `raw`, or what is wrong with it.

    As strict as the platform: `data` is a string that holds a JSON object. What the official SDK
    really sends is understood: an empty message, no messageId on the ACK of a disconnect.
    """
    frame = as_object(raw)
    if frame is None:
        return f"not a JSON object: {raw[:80]!r}"
    code, headers, data = frame.get("code"), frame.get("headers"), frame.get("data")
    if not isinstance(code, int):
        return f"code is {code!r}, not a number"
    if not isinstance(headers, dict):
        return "headers are missing"
    message_id = headers.get("messageId") or ""
    if not isinstance(message_id, str):
        return f"messageId is {message_id!r}, not a string"
    if not isinstance(frame.get("message", ""), str):
        return "message is not a string"
    parsed = as_object(data) if isinstance(data, str) else None
    if parsed is None:
        return f"data is {data!r:.80}, not a string that holds a JSON object"
    return Ack(message_id, code, parsed)


class Connection:
    """An open socket of one client. `delivering` ends with a disconnect frame; a `zombie` stays
    open and answers WebSocket pings but gets no frame any more."""

    def __init__(
        self,
        world: World,
        app: App,
        subscriptions: set[Subscription],
        socket: web.WebSocketResponse,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.app = app
        self.subscriptions = subscriptions
        self.delivering = True
        self.zombie = False
        self.pongs = 0
        """System pings that the client answered with the right opaque."""
        self._world = world
        self._socket = socket
        self._pings: dict[str, str] = {}

    @property
    def open(self) -> bool:
        return not self._socket.closed

    def takes(self, kind: str, topic: str) -> bool:
        """Whether the client subscribed to `topic`; EVENT is subscribed as a whole."""
        return (kind, "*" if kind == "EVENT" else topic) in self.subscriptions

    async def push(
        self, kind: str, topic: str, data: Json, message_id: str = "", **headers: str
    ) -> None:
        """Send one frame; a zombie swallows it, and a socket that just broke loses it."""
        if self.zombie or self._socket.closed:
            return
        frame = {
            "specVersion": "1.0",
            "type": kind,
            "headers": {
                "appId": self.app.app_id,
                "connectionId": self.id,
                "contentType": "application/json",
                **({"messageId": message_id} if message_id else {}),
                "time": str(self._world.clock.now_ms()),
                "topic": topic,
                **headers,
            },
            "data": json.dumps(data, ensure_ascii=False),
        }
        await self.push_raw(json.dumps(frame, ensure_ascii=False))

    async def push_raw(self, text: str) -> None:
        """Send `text` as it is, also when it is no frame at all."""
        try:
            await self._socket.send_str(text)
        except ConnectionError:
            await self._socket.close()

    async def ping(self) -> str:
        """Send a system ping and return its opaque. One before it without an answer is noted."""
        for opaque in self._pings.values():
            self._world.violations.append(f"ping {opaque} was not answered")
        self._pings.clear()
        message_id, opaque = uuid.uuid4().hex, uuid.uuid4().hex[:12]
        self._pings[message_id] = opaque
        await self.push("SYSTEM", "ping", {"opaque": opaque}, message_id)
        if self.zombie:
            self._pings.clear()
        return opaque

    async def disconnect(self, reason: str = "connection is expired") -> None:
        """Say that it ends: nothing more is delivered here, and it closes after the grace."""
        self.delivering = False
        await self.push("SYSTEM", "disconnect", {"reason": reason})
        await self._world.clock.sleep(self._world.rules.disconnect_grace)
        await self._socket.close()

    async def close(self) -> None:
        """Close cleanly, without a word before."""
        self.delivering = False
        await self._socket.close()

    def abort(self, request: web.Request) -> None:
        """Cut the TCP connection."""
        self.delivering = False
        if request.transport is not None:
            request.transport.abort()

    async def read(self, on_ack: Callable[[Ack], None]) -> None:
        """Hand each ACK to `on_ack` until the socket closes."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                self._world.violations.append(f"a frame of type {message.type.name}")
                continue
            ack = parse_ack(message.data)
            if isinstance(ack, str):
                self._world.violations.append(ack)
            elif ack.message_id in self._pings:
                opaque = self._pings.pop(ack.message_id)
                if ack.data.get("opaque") == opaque:
                    self.pongs += 1
                else:
                    self._world.violations.append(f"ping {opaque} was answered with {ack.data}")
            elif ack.message_id:
                on_ack(ack)

    async def keep_pinging(self) -> None:
        """Send a system ping every `ping_interval` while it is open (0: only on demand)."""
        while self._world.rules.ping_interval > 0 and self.open:
            await self._world.clock.sleep(self._world.rules.ping_interval)
            await self.ping()
