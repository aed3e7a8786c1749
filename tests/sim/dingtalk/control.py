"""The control plane under `/_sim`, for people at the page and for tests in other processes.

Everything is JSON over POST; `GET /_sim/state` shows all there is. A wrong name is 404, a wrong
value 400, each with `{"error": …}`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from .model import Group, Json, Robot, RobotState, Twist, TwistKind, User
from .snapshot import snapshot
from .world import as_object

if TYPE_CHECKING:
    from .simulator import DingTalkSim

_PAGE = Path(__file__).with_name("page.html")
Step = Callable[["DingTalkSim", Json], Awaitable[Json]]


def add_routes(app: web.Application, sim: DingTalkSim) -> None:
    async def state(_request: web.Request) -> web.Response:
        return web.json_response(snapshot(sim.world, sim.gateway))

    app.router.add_get("/", _page)
    app.router.add_get("/_sim/state", state)
    for step in _STEPS:
        app.router.add_post(f"/_sim/{step.__name__.strip('_')}", _handler(sim, step))


async def _page(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_PAGE)


def _handler(sim: DingTalkSim, step: Step) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        body = as_object(await request.read() or b"{}")
        if body is None:
            return web.json_response({"error": "the body is not a JSON object"}, status=400)
        try:
            return web.json_response(await step(sim, body))
        except KeyError as error:
            return web.json_response({"error": f"no {error}"}, status=404)
        except (TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return handler


async def _user(sim: DingTalkSim, body: Json) -> Json:
    """{staff_id, nick, mobile?, external?, admin?, group?: id}"""
    group = body.pop("group", None)
    user = sim.world.add_user(User(**body))
    if group is not None:
        sim.world.groups[group].members.append(user)
    return {"staff_id": user.staff_id}


async def _group(sim: DingTalkSim, body: Json) -> Json:
    """{title, members?: [staff ids], conversation_id?, internal?}"""
    members = [sim.world.users[staff_id] for staff_id in body.pop("members", [])]
    return {"conversation_id": sim.world.add_group(members=members, **body).conversation_id}


async def _robot(sim: DingTalkSim, body: Json) -> Json:
    """{group: id, secret?, keywords?, ip_allow?, token?}"""
    robot = sim.world.add_robot(sim.world.groups[body.pop("group")], **body)
    return {"token": robot.token, "webhook": robot.webhook}


async def _app(sim: DingTalkSim, body: Json) -> Json:
    """{group?: id, client_id?, client_secret?, robot_code?, callback_url?}"""
    group = sim.world.groups[body.pop("group")] if "group" in body else None
    app = sim.world.add_app(group=group, **body)
    return {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "robot_code": app.robot_code,
    }


async def _say(sim: DingTalkSim, body: Json) -> Json:
    """{group: id | direct: client_id, user: staff id, text, mention?, msg_id?, to?: client_id}"""
    user = sim.world.users[body["user"]]
    group = (
        sim.world.direct(sim.world.apps[body["direct"]], user)
        if "direct" in body
        else sim.world.groups[body["group"]]
    )
    said = await sim.say(
        group,
        user,
        str(body["text"]),
        to=sim.world.apps[body["to"]] if "to" in body else None,
        mention=bool(body.get("mention", True)),
        msg_id=str(body.get("msg_id", "")),
    )
    return {"id": said.id, "told": [not each.lost for each in said.deliveries]}


async def _click(sim: DingTalkSim, body: Json) -> Json:
    """{message: id, user: staff id, button: index, mention?} or {card: outTrackId, user, params}"""
    user = sim.world.users[body["user"]]
    if "card" in body:
        delivery = await sim.click(sim.world.cards[body["card"]], user, body["params"])
        return {"told": not delivery.lost}
    message = sim.world.find_message(body["message"])
    if message is None or message.group is None:
        raise KeyError("message")
    button = message.buttons[int(body["button"])]
    mention = bool(body.get("mention", True))
    said = await sim.click_link(message.group, user, button, mention=mention)
    return {"wrote": said.text if said else None, "url": button.url}


async def _clock(sim: DingTalkSim, body: Json) -> Json:
    """{advance: seconds} or {set: Unix seconds}"""
    if "advance" in body:
        sim.world.clock.advance(float(body["advance"]))
    if "set" in body:
        sim.world.clock.set(float(body["set"]))
    return {"now": sim.world.clock.now()}


async def _fault(sim: DingTalkSim, body: Json) -> Json:
    """{robot: token | app: client_id, kind, times?, … the fields of Fault}; kind clear: none"""
    token, client_id = body.pop("robot", None), body.pop("app", None)
    part = sim.world.robots[token] if token is not None else sim.world.apps[client_id]
    kind = body.pop("kind")
    if kind == "clear":
        part.faults.clear()
    else:
        part.force(kind, **body)
    return {"waiting": len(part.faults.waiting)}


async def _twist(sim: DingTalkSim, body: Json) -> Json:
    """{app: client_id, kind: drop | duplicate | delay, seconds?}: what the next frame suffers"""
    twist = Twist(TwistKind(body["kind"]), float(body.get("seconds", 0)))
    sim.world.apps[body["app"]].frame_twists.append(twist)
    return {}


async def _state_of(sim: DingTalkSim, body: Json) -> Json:
    """{robot: token, state: active | disabled | removed} or {group: id, dissolved: bool}"""
    if "robot" in body:
        robot: Robot = sim.world.robots[body["robot"]]
        robot.state = RobotState(body["state"])
    else:
        group: Group = sim.world.groups[body["group"]]
        group.dissolved = bool(body["dissolved"])
    return {}


async def _expire(sim: DingTalkSim, body: Json) -> Json:
    """{token?: client_id}: that app's access token, else every sessionWebhook"""
    if "token" in body:
        sim.world.expire_token(sim.world.apps[body["token"]])
    else:
        sim.world.expire_sessions()
    return {}


async def _close(sim: DingTalkSim, body: Json) -> Json:
    """{app: client_id, how: clean | abrupt | disconnect | zombie}: its stream connections"""
    app, how = sim.world.apps[body["app"]], body.get("how", "clean")
    if how == "disconnect":
        await sim.gateway.disconnect(app)
    elif how == "zombie":
        sim.gateway.make_zombies(app)
    elif how in {"clean", "abrupt"}:
        await sim.gateway.close_connections(app, abrupt=how == "abrupt")
    else:
        raise ValueError(f"how is one of clean, abrupt, disconnect, zombie, not {how!r}")
    return {}


async def _rules(sim: DingTalkSim, body: Json) -> Json:
    """The fields of Rules to change; answers with all of them."""
    known = {field.name for field in dataclasses.fields(sim.world.rules)}
    for name, value in body.items():
        if name not in known:
            raise ValueError(f"there is no rule {name}")
        setattr(sim.world.rules, name, value)
    return dataclasses.asdict(sim.world.rules)


async def _reset(sim: DingTalkSim, _body: Json) -> Json:
    """Forget messages, limits, faults, cards, sessions and the clock's offset."""
    sim.reset()
    return {}


_STEPS: tuple[Step, ...] = (
    _user,
    _group,
    _robot,
    _app,
    _say,
    _click,
    _clock,
    _fault,
    _twist,
    _state_of,
    _expire,
    _close,
    _rules,
    _reset,
)
