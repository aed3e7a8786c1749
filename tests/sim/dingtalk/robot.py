"""`POST /robot/send` (custom robot) and `POST /robot/sendBySession` (reply to a message)."""

import hmac
import ipaddress

from aiohttp import web

from .content import Content, mentions, parse
from .fault import answer_with
from .model import App, Group, Message, Robot, RobotState
from .refusal import Reason, Refusal
from .sign import sign
from .world import WORLD, World, as_object

SIGN_WINDOW_MS = 3_600_000


def add_routes(app: web.Application) -> None:
    app.router.add_post("/robot/send", send)
    app.router.add_post("/robot/sendBySession", send_by_session)


async def send(request: web.Request) -> web.StreamResponse:
    """A message by access_token. Every business error is HTTP 200 with an errcode."""
    world = request.app[WORLD]
    robot = world.robots.get(request.query.get("access_token", ""))
    if robot is None:
        legacy = world.rules.legacy_codes
        return _refused(world, Refusal(Reason.TOKEN_LEGACY if legacy else Reason.TOKEN))
    robot.calls += 1

    async def answer() -> web.StreamResponse:
        try:
            await _send(world, robot, request)
        except Refusal as refusal:
            return _refused(world, refusal)
        return _errcode(world, 0, "ok")

    return await answer_with(robot.faults.take(request.path), request, world.closing, answer)


async def send_by_session(request: web.Request) -> web.StreamResponse:
    """A reply through the temporary address of an inbound message; no token, no signature."""
    world = request.app[WORLD]
    session = world.sessions.get(request.query.get("session", ""))
    if session is None or session.expires_at <= world.clock.now():
        return _refused(world, Refusal(Reason.SESSION))

    async def answer() -> web.StreamResponse:
        try:
            if session.group.dissolved:
                raise Refusal(Reason.GROUP_GONE)
            content = await _read(world, request)
            store(world, session.group, content, "session", session.app.robot_code, session.app)
        except Refusal as refusal:
            return _refused(world, refusal)
        return _errcode(world, 0, "ok")

    fault = session.app.faults.take(request.path)
    return await answer_with(fault, request, world.closing, answer)


def store(
    world: World, group: Group, content: Content, via: str, robot: str, app: App | None
) -> Message:
    """Put a checked message into `group`, with its mentions resolved."""
    pinged, everybody = mentions(content, group)
    world.metered += 1
    return world.store(
        group,
        Message(
            id=world.next_id(),
            msgtype=content.msgtype,
            title=content.title,
            text=content.text,
            via=via,
            robot=robot,
            received_at=world.clock.now(),
            mentions=pinged,
            at_all=everybody,
            at=content.at,
            buttons=content.buttons,
            msg_uuid=content.msg_uuid,
            body=content.body,
            app=app,
        ),
    )


async def _send(world: World, robot: Robot, request: web.Request) -> None:
    if robot.group.dissolved:
        raise Refusal(Reason.GROUP_GONE)
    if robot.state is RobotState.REMOVED:
        raise Refusal(Reason.REMOVED)
    if robot.state is RobotState.DISABLED:
        raise Refusal(Reason.STOPPED)
    content = await _read(world, request)
    _check_security(world, robot, request, content)
    rules = world.rules
    # A repeated msgUuid is a call like any other here: the limit is in front of the storage.
    if not robot.limit.admit(
        world.clock.now(),
        limit=rules.rate_limit,
        window=rules.rate_window,
        block=rules.block_seconds,
    ):
        is_old = rules.throttle_errcode == Reason.TOO_FAST_OLD.value[0]
        raise Refusal(Reason.TOO_FAST_OLD if is_old else Reason.TOO_FAST)
    if content.msg_uuid and content.msg_uuid in robot.uuids:
        return
    robot.uuids.add(content.msg_uuid)
    store(world, robot.group, content, "webhook", robot.token, None)


async def _read(world: World, request: web.Request) -> Content:
    if request.content_type != "application/json":
        raise Refusal(Reason.CONTENT_TYPE)
    raw = await request.read()
    if len(raw) > world.rules.max_body_bytes:
        raise Refusal(Reason.TOO_LONG)
    body = as_object(raw)
    if body is None:
        raise Refusal(Reason.BAD_JSON)
    return parse(body, world.rules.max_mentions)


def _check_security(world: World, robot: Robot, request: web.Request, content: Content) -> None:
    if robot.ip_allow:
        remote = ipaddress.ip_address(request.remote or "0.0.0.0")
        if not any(remote in ipaddress.ip_network(block) for block in robot.ip_allow):
            raise Refusal(Reason.IP, ip=str(remote))
    if robot.keywords and not any(
        keyword in text for keyword in robot.keywords for text in content.texts
    ):
        raise Refusal(Reason.KEYWORD)
    if robot.secret:
        _check_sign(world, robot.secret, request)


def _check_sign(world: World, secret: str, request: web.Request) -> None:
    timestamps = request.query.getall("timestamp", [])
    signs = request.query.getall("sign", [])
    # More than one of either means that an already signed address was signed again.
    if len(timestamps) != 1 or len(signs) != 1:
        raise Refusal(Reason.SIGN)
    if not (timestamps[0].isascii() and timestamps[0].isdigit()):
        raise Refusal(Reason.TIMESTAMP)
    if abs(world.clock.now_ms() - int(timestamps[0])) > SIGN_WINDOW_MS:
        raise Refusal(Reason.TIMESTAMP)
    # The query was decoded once, so a raw "+" is a space by now and does not match.
    if not hmac.compare_digest(sign(secret, timestamps[0]).encode(), signs[0].encode()):
        raise Refusal(Reason.SIGN)


def _refused(world: World, refusal: Refusal) -> web.Response:
    return _errcode(world, refusal.errcode, refusal.errmsg(world.rules.texts))


def _errcode(world: World, errcode: int, errmsg: str) -> web.Response:
    shown = str(errcode) if world.rules.errcode_as_text else errcode
    return web.json_response({"errcode": shown, "errmsg": errmsg})
