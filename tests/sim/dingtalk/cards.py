"""Interactive cards: delivered, updated by key or as a whole, streamed into, clicked."""

import json
import re
import uuid
from collections.abc import Callable

from aiohttp import web

from .model import CARD_TOPIC, CORP_ID, App, Card, CardRoute, Delivery, Group, Json, Message, User
from .openapi import ApiError, api
from .world import World

_SPACE = re.compile(r"^dtv1\.card//(.+)$", re.IGNORECASE)
_MODELS = {"IM_GROUP": "imGroupOpenDeliverModel", "IM_ROBOT": "imRobotOpenDeliverModel"}
_MAX_KEY_BYTES, _MAX_VALUE_BYTES, _MAX_TRACK_ID, _MAX_SPACE_ID = 100, 1024, 100, 1000


def add_routes(app: web.Application) -> None:
    write, stream = "Card.Instance.Write", "Card.Streaming.Write"
    app.router.add_post("/v1.0/card/instances/createAndDeliver", api(create_and_deliver, write))
    app.router.add_put("/v1.0/card/instances", api(update, write))
    app.router.add_put("/v1.0/card/streaming", api(stream_into, stream))
    app.router.add_post("/v1.0/card/callbacks/register", api(register, write))


def create_and_deliver(world: World, app: App, body: Json) -> Json:
    """Make a card and show it in its spaces; each space has a result of its own."""
    track_id = _track_id(body)
    template = world.templates.get(str(body.get("cardTemplateId") or ""))
    if not body.get("cardTemplateId"):
        raise ApiError("param.cardTemplateIdEmpty", "cardTemplateId不能为空")
    if template is None:
        raise ApiError("param.templateNotExist", "卡片模板不存在")
    if not template.published:
        raise ApiError("param.templateUnpublished", "卡片模板未发布")
    values = _values(body.get("cardData"))
    if values is None:
        raise ApiError("param.cardPublicDataEmpty", "卡片公有数据不能为空")
    route_key = str(body.get("callbackRouteKey") or "")
    if body.get("callbackType") == "HTTP" and route_key not in app.card_routes:
        raise ApiError("param.invalid", "callbackRouteKey未注册")
    spaces = _spaces(body)
    if track_id in world.cards and world.rules.reuse_card == "refuse":
        raise ApiError("param.cardAlreadyExist", "卡片已存在")
    card = world.cards.get(track_id) or Card(
        out_track_id=track_id,
        app=app,
        template=template,
        callback_type=str(body.get("callbackType") or ""),
        route_key=route_key,
        values=values,
        private=_private(body),
    )
    world.cards[track_id] = card
    results = [_deliver(world, card, kind, space_id) for kind, space_id in spaces]
    return {"success": True, "result": {"outTrackId": track_id, "deliverResults": results}}


def update(world: World, app: App, body: Json) -> Json:
    """Change a card's values: all of them are replaced unless the options say by key."""
    card = _card(world, app, body)
    values, private = _values(body.get("cardData")), _private(body)
    if values is None and not private:
        raise ApiError("param.cardDataAndPrivateDataBothEmpty", "卡片数据不能都为空")
    options = body.get("cardUpdateOptions") or {}
    change(card, values, options)
    by_key = options.get("updatePrivateDataByKey") is True
    for staff_id, own in private.items():
        card.private[staff_id] = (card.private.get(staff_id, {}) | own) if by_key else own
    return {"success": True, "result": True}


def stream_into(world: World, app: App, body: Json) -> Json:
    """Write a value piece by piece; a repeated guid changes nothing."""
    card = _card(world, app, body)
    guid, key, content = body.get("guid"), body.get("key"), body.get("content")
    if not isinstance(guid, str) or not isinstance(key, str) or not isinstance(content, str):
        raise ApiError("param.invalid", "guid、key、content必须是字符串")
    is_full = body.get("isFull") is True
    if key in card.template.markdown_keys and not is_full:
        raise ApiError("param.stream.content", "markdown变量必须全量更新")
    if guid not in card.guids:
        card.guids.add(guid)
        card.values[key] = content if is_full else card.values.get(key, "") + content
        card.stream_state = "inputing"
    if body.get("isError") is True:
        card.stream_state = "failed"
    elif body.get("isFinalize") is True:
        card.stream_state = "finished"
    return {"success": True, "result": True}


def register(world: World, app: App, body: Json) -> Json:
    """Where clicks go in HTTP mode."""
    key, url, secret = (body.get(k) for k in ("callbackRouteKey", "callbackUrl", "apiSecret"))
    if not (isinstance(key, str) and key and isinstance(url, str) and url):
        raise ApiError("param.invalid", "callbackRouteKey和callbackUrl不能为空")
    if key in app.card_routes and body.get("forceUpdate") is not True:
        raise ApiError("param.callbackRouteKeyExist", "callbackRouteKey已存在", status=500)
    app.card_routes[key] = CardRoute(url, str(secret or uuid.uuid4().hex))
    result = {"callbackUrl": url, "apiSecret": app.card_routes[key].secret}
    return {"success": True, "result": result}


def change(card: Card, values: dict[str, str] | None, options: Json) -> None:
    """Put public `values` into the card, by key or instead of what it had."""
    if values is not None:
        by_key = options.get("updateCardDataByKey") is True
        card.values = card.values | values if by_key else values


def click(world: World, card: Card, user: User, params: dict[str, str]) -> Delivery:
    """The callback of a click with the button's `params`; its ACK, when in time, changes the card.

    The ACK's `userPrivateData` is for `user` and not keyed by the id.
    """
    content = json.dumps({"cardPrivateData": {"actionIds": ["btn_1"], "params": params}})
    data = {
        "type": "actionCallback",
        "corpId": CORP_ID,
        "outTrackId": card.out_track_id,
        "userId": user.staff_id,
        "userIdType": 1,
        "spaceType": "im",
        "spaceId": card.groups[0].conversation_id if card.groups else "",
        "extension": "{}",
        "content": content,
        "value": content,
    }
    return Delivery(
        card.app, "CALLBACK", CARD_TOPIC, data, redelivered=False, on_ack=_apply(world, card, user)
    )


def _apply(world: World, card: Card, user: User) -> Callable[[Delivery], None]:
    def apply(delivery: Delivery) -> None:
        late = world.clock.now() - delivery.pushed_at > world.rules.card_ack_timeout
        response = delivery.answer.get("response", delivery.answer)
        if late or delivery.ack_code != 200 or not isinstance(response, dict):
            return
        try:
            values, own = (
                _values(response.get("cardData")),
                _values(response.get("userPrivateData")),
            )
        except ApiError as error:
            world.violations.append(f"the answer to a click: {error.message}")
            return
        options = response.get("cardUpdateOptions") or {}
        change(card, values, options)
        if own is not None:
            by_key = options.get("updatePrivateDataByKey") is True
            before = card.private.get(user.staff_id, {}) if by_key else {}
            card.private[user.staff_id] = before | own

    return apply


def _deliver(world: World, card: Card, kind: str, space_id: str) -> Json:
    group, error = _group_of(world, card.app, kind, space_id)
    if group is not None and group not in card.groups:
        card.groups.append(group)
        world.store(
            group,
            Message(
                id=world.next_id(),
                msgtype="card",
                title=card.values.get("title", ""),
                text="",
                via="card",
                robot=card.app.robot_code,
                received_at=world.clock.now(),
                app=card.app,
                card=card,
            ),
        )
    return {
        "spaceType": kind,
        "spaceId": space_id,
        "success": group is not None,
        "carrierId": uuid.uuid4().hex if group else "",
        "errorMsg": error,
    }


def _group_of(world: World, app: App, kind: str, space_id: str) -> tuple[Group | None, str]:
    if kind == "IM_ROBOT":
        user = world.users.get(space_id)
        return (world.direct(app, user), "") if user else (None, "用户不存在")
    group = world.groups.get(space_id)
    if group is None or group not in app.groups or group.dissolved:
        return None, "机器人不在群内"
    return group, ""


def _spaces(body: Json) -> list[tuple[str, str]]:
    """(type, id) of each space; each type needs its deliver model."""
    open_space_id = body.get("openSpaceId")
    if not open_space_id:
        raise ApiError("param.openSpaceIdEmpty", "openSpaceId不能为空")
    found = _SPACE.match(str(open_space_id))
    if found is None or len(str(open_space_id)) > _MAX_SPACE_ID:
        raise ApiError("param.openSpaceIdInvalid", "openSpaceId无效")
    spaces = []
    for each in found[1].split(";"):
        kind, dot, space_id = each.partition(".")
        if not dot or not space_id or kind.upper() not in _MODELS:
            raise ApiError("param.openSpaceIdInvalid", f"openSpaceId无效 {each}")
        if not isinstance(body.get(_MODELS[kind.upper()]), dict):
            raise ApiError("param.openDeliverModelEmpty", f"缺少{_MODELS[kind.upper()]}")
        spaces.append((kind.upper(), space_id))
    return spaces


def _track_id(body: Json) -> str:
    track_id = body.get("outTrackId")
    if not isinstance(track_id, str) or not track_id:
        raise ApiError("param.outTrackIdEmpty", "outTrackId不能为空")
    if len(track_id) > _MAX_TRACK_ID:
        raise ApiError("param.invalid", "outTrackId过长")
    return track_id


def _card(world: World, app: App, body: Json) -> Card:
    card = world.cards.get(_track_id(body))
    if card is None or card.app is not app:
        raise ApiError("param.cardNotExist", "卡片不存在")
    return card


def _private(body: Json) -> dict[str, dict[str, str]]:
    private = body.get("privateData") or {}
    return {staff_id: _values(own) or {} for staff_id, own in private.items()}


def _values(part: object) -> dict[str, str] | None:
    """The cardParamMap in `part`: short keys, and values that are strings of at most 1 KB."""
    values = part.get("cardParamMap") if isinstance(part, dict) else None
    if values is None:
        return None
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise ApiError("param.invalid", "cardParamMap的值必须是字符串")
    for key, value in values.items():
        if len(key.encode()) > _MAX_KEY_BYTES or len(value.encode()) > _MAX_VALUE_BYTES:
            raise ApiError("param.invalid", f"{key}过长")
    return dict(values)
