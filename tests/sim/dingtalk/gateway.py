"""The stream gateway: tickets, sockets, and each message to one connection until it is ACKed."""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .connection import Ack, Connection, Subscription
from .fault import answer_with
from .model import BOT_TOPIC, CARD_TOPIC, App, Delivery, Json, TwistKind
from .openapi import ApiError, error_answer, read_object
from .world import World

_KNOWN_TOPICS = {
    ("EVENT", "*"),
    ("CALLBACK", BOT_TOPIC),
    ("CALLBACK", CARD_TOPIC),
    ("CALLBACK", "/v1.0/im/bot/messages/delegate"),
    ("CALLBACK", "/v1.0/graph/api/invoke"),
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """A right to open one socket, once."""

    app: App
    subscriptions: set[Subscription]
    expires_at: float


class Gateway:
    """All sockets of all clients. `refused` counts handshakes with a bad or used ticket."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: dict[str, Ticket] = {}
        self._connections: dict[Connection, web.Request] = {}
        self._waiting: dict[str, Delivery] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.opened = 0
        """How many tickets were given out."""
        self.refused = 0

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1.0/gateway/connections/open", self._open_connection)
        app.router.add_get("/connect", self._connect)

    def connections(self, app: App) -> list[Connection]:
        """The open sockets of `app`, also those that nothing is delivered to any more."""
        return [c for c in self._connections if c.app is app and c.open]

    async def deliver(self, delivery: Delivery) -> None:
        """Push it to one connection, and again every `ack_timeout` until it is ACKed."""
        delivery.lost = not await self._push(delivery)
        if delivery.redelivered and not delivery.lost:
            self._spawn(self._redeliver(delivery))

    async def disconnect(self, app: App, reason: str = "connection is expired") -> None:
        """Send a disconnect frame on every socket of `app`; each closes after the grace."""
        for connection in self.connections(app):
            self._spawn(connection.disconnect(reason))
        await asyncio.sleep(0)

    async def close_connections(self, app: App, *, abrupt: bool = False) -> None:
        """Close every socket of `app` now, cleanly or by cutting the line."""
        for connection in self.connections(app):
            if abrupt:
                connection.abort(self._connections[connection])
            else:
                await connection.close()

    def make_zombies(self, app: App) -> None:
        """The sockets of `app` stay open and carry no frame any more."""
        for connection in self.connections(app):
            connection.zombie = True

    async def close(self) -> None:
        """Cut every socket, stop every timer."""
        for connection, request in list(self._connections.items()):
            connection.abort(request)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _open_connection(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1.0/gateway/connections/open`: where to connect, and a ticket for it."""
        try:
            app, subscriptions = await self._check(request)
        except ApiError as error:
            return _error_answer(request, error)

        async def answer() -> web.StreamResponse:
            ticket = str(uuid.uuid4())
            expires_at = self._world.clock.now() + self._world.rules.ticket_seconds
            self._tickets[ticket] = Ticket(app, subscriptions, expires_at)
            self.opened += 1
            endpoint = f"ws://{self._world.netloc}/connect"
            if _wants_json(request):
                return web.json_response({"endpoint": endpoint, "ticket": ticket})
            return _xml(f"<endpoint>{endpoint}</endpoint><ticket>{ticket}</ticket>")

        fault = app.faults.take(request.path)
        return await answer_with(fault, request, self._world.closing, answer)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        """`GET /connect?ticket=`: the WebSocket; a ticket is used up by the first try."""
        ticket = self._tickets.pop(request.query.get("ticket", ""), None)
        if ticket is None or ticket.expires_at <= self._world.clock.now():
            self.refused += 1
            return web.Response(status=401, text="invalid ticket")
        socket = web.WebSocketResponse(timeout=1)
        await socket.prepare(request)
        connection = Connection(self._world, ticket.app, ticket.subscriptions, socket)
        self._connections[connection] = request
        pings = self._spawn(connection.keep_pinging())
        try:
            await connection.read(self._acked)
        finally:
            pings.cancel()
            self._connections.pop(connection, None)
        return socket

    async def _check(self, request: web.Request) -> tuple[App, set[Subscription]]:
        body = await read_object(request)
        app = self._world.apps.get(str(body.get("clientId")))
        if app is None or app.client_secret != body.get("clientSecret"):
            raise ApiError("authFailed", "鉴权失败", status=401)
        wanted = body.get("subscriptions")
        if not isinstance(wanted, list) or not wanted:
            raise ApiError("invalidParameter.subscriptions", "subscriptions不能为空")
        subscriptions = {
            (str(each.get("type")), str(each.get("topic")))
            for each in wanted
            if isinstance(each, dict)
        }
        if unknown := subscriptions - _KNOWN_TOPICS:
            raise ApiError("invalidParameter.subscriptions", f"不支持的订阅 {sorted(unknown)}")
        return app, subscriptions

    async def _redeliver(self, delivery: Delivery) -> None:
        rules, clock = self._world.rules, self._world.clock
        while len(delivery.pushes) < rules.max_deliveries:
            await clock.sleep(delivery.pushed_at + rules.ack_timeout - clock.now())
            if delivery.acked:
                return
            await self._push(delivery)

    async def _push(self, delivery: Delivery) -> bool:
        """One push to a random connection, twisted if asked; False when nobody is connected."""
        app = delivery.app
        ready = [
            connection
            for connection in self.connections(app)
            if connection.delivering and connection.takes(delivery.kind, delivery.topic)
        ]
        message_id = f"{uuid.uuid4().hex[:8]}_{self._world.next_id()}"
        delivery.pushes.append(message_id)
        delivery.pushed_at = self._world.clock.now()
        if not ready:
            return False
        self._waiting[message_id] = delivery
        self._world.metered += delivery.topic == BOT_TOPIC
        connection = self._world.random.choice(ready)
        twist = app.frame_twists.pop(0) if app.frame_twists else None
        if twist is None:
            await _frame(connection, delivery, message_id)
        elif twist.kind is TwistKind.DUPLICATE:
            await _frame(connection, delivery, message_id)
            await _frame(connection, delivery, message_id)
        elif twist.kind is TwistKind.DELAY:
            self._spawn(self._later(twist.seconds, connection, delivery, message_id))
        return True

    async def _later(
        self, seconds: float, connection: Connection, delivery: Delivery, message_id: str
    ) -> None:
        await self._world.clock.sleep(seconds)
        await _frame(connection, delivery, message_id)

    def _acked(self, ack: Ack) -> None:
        """Any connection of the client may ACK: the official SDK answers on its newest socket."""
        delivery = self._waiting.get(ack.message_id)
        if delivery is None:
            self._world.violations.append(f"an ACK for the unknown message {ack.message_id}")
            return
        if delivery.kind == "EVENT" and ack.code == 200 and ack.data.get("status") != "SUCCESS":
            return  # LATER: it comes again
        delivery.acked, delivery.ack_code, delivery.answer = True, ack.code, ack.data
        if delivery.on_ack is not None:
            delivery.on_ack(delivery)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _frame(connection: Connection, delivery: Delivery, message_id: str) -> None:
    headers = _event_headers(delivery) if delivery.kind == "EVENT" else {}
    await connection.push(delivery.kind, delivery.topic, delivery.data, message_id, **headers)


def _event_headers(delivery: Delivery) -> dict[str, str]:
    data: Json = delivery.data
    return {
        "eventType": str(data.get("type", "")),
        "eventId": str(data.get("id", "")),
        "eventCorpId": str(data.get("corpId", "")),
        "eventBornTime": str(data.get("at", "")),
        "eventUnifiedAppId": delivery.app.app_id,
    }


def _error_answer(request: web.Request, error: ApiError) -> web.Response:
    if _wants_json(request):
        return error_answer(error)
    return _xml(f"<Code>{error.code}</Code><Message>{error.message}</Message>", error.status)


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _xml(content: str, status: int = 200) -> web.Response:
    """What the platform answers to those who did not ask for JSON."""
    text = f"<Response>{content}</Response>"
    return web.Response(status=status, text=text, content_type="application/xml")
