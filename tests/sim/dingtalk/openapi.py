"""The OpenAPI: access tokens, the common rules of every call, group and 1:1 messages."""

import uuid
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from .content import links_of_markdown
from .fault import answer_with
from .model import App, Button, Group, Json, Message
from .world import WORLD, World, as_object

Call = Callable[[World, App, Json], Json]
"""An API: the world, the calling app and the request's body in, the answer's body out."""

_QPS_WINDOW = 1.0
MAX_USERS = 20

# msgKey → keys of msgParam. sampleActionCard6 really has other key names than 2…5.
MSG_KEYS: Mapping[str, tuple[str, ...]] = {
    "sampleText": ("content",),
    "sampleMarkdown": ("title", "text"),
    "sampleImageMsg": ("photoURL",),
    "sampleLink": ("title", "text", "picUrl", "messageUrl"),
    "sampleActionCard": ("title", "text", "singleTitle", "singleURL"),
    **{
        f"sampleActionCard{count}": (
            "title",
            "text",
            *(f"actionTitle{n}" for n in range(1, count + 1)),
            *(f"actionURL{n}" for n in range(1, count + 1)),
        )
        for count in range(2, 6)
    },
    "sampleActionCard6": (
        "title",
        "text",
        "buttonTitle1",
        "buttonUrl1",
        "buttonTitle2",
        "buttonUrl2",
    ),
    "sampleAudio": ("mediaId", "duration"),
    "sampleFile": ("mediaId", "fileName", "fileType"),
    "sampleVideo": ("videoMediaId", "duration", "videoType", "picMediaId"),
}


class ApiError(Exception):
    """An error answer: HTTP status and the lower-case body keys code, message."""

    def __init__(self, code: str, message: str, status: int = 400, **extra: object) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra


def add_routes(app: web.Application) -> None:
    app.router.add_post("/v1.0/oauth2/accessToken", access_token)
    app.router.add_post("/v1.0/robot/groupMessages/send", api(group_send, "qyapi_robot_sendmsg"))
    app.router.add_post(
        "/v1.0/robot/oToMessages/batchSend", api(one_to_one_send, "qyapi_robot_sendmsg")
    )


async def access_token(request: web.Request) -> web.StreamResponse:
    """The token of an app: the same one, renewed, as long as it lives."""
    world = request.app[WORLD]
    try:
        body = await read_object(request)
        for key in ("appKey", "appSecret"):
            if not body.get(key):
                raise ApiError(f"Missing{key}", f"{key} is mandatory for this action.")
        app = world.apps.get(str(body["appKey"]))
        if app is None or app.client_secret != body["appSecret"]:
            raise ApiError("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
    except ApiError as error:
        return error_answer(error)

    async def answer() -> web.StreamResponse:
        now = world.clock.now()
        if not app.token or app.token_expires_at <= now:
            app.token = uuid.uuid4().hex
        app.token_expires_at = now + world.rules.token_seconds
        return web.json_response(
            {"accessToken": app.token, "expireIn": int(world.rules.token_seconds)}
        )

    return await answer_with(app.faults.take(request.path), request, world.closing, answer)


def api(call: Call, scope: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap `call` in what holds for every API: token, forced errors, calls a second, scope."""

    async def handler(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        token = request.headers.get("x-acs-dingtalk-access-token", "")
        app = next((app for app in world.apps.values() if token and app.token == token), None)
        if app is None or app.token_expires_at <= world.clock.now():
            return error_answer(ApiError("InvalidAuthentication", "不合法的access_token"))

        async def answer() -> web.StreamResponse:
            try:
                _check_qps(world, app, request.path)
                if scope not in app.scopes:
                    raise ApiError(
                        "Forbidden.AccessDenied.AccessTokenPermissionDenied",
                        "没有调用该接口的权限",
                        status=403,
                        accessdenieddetail={"requiredScopes": [scope]},
                    )
                return web.json_response(call(world, app, await read_object(request)))
            except ApiError as error:
                return error_answer(error)

        return await answer_with(app.faults.take(request.path), request, world.closing, answer)

    return handler


async def read_object(request: web.Request) -> Json:
    """The request's JSON object; ApiError when the content type or the body is something else."""
    if request.content_type != "application/json":
        raise ApiError("Missingbody", "body is mandatory for this action.")
    body = as_object(await request.read())
    if body is None:
        raise ApiError("InvalidRequestBody", "body is not a JSON object")
    return body


def error_answer(error: ApiError) -> web.Response:
    request_id = str(uuid.uuid4()).upper()
    return web.json_response(
        {"code": error.code, "requestid": request_id, "message": error.message, **error.extra},
        status=error.status,
    )


def group_send(world: World, app: App, body: Json) -> Json:
    """`groupMessages/send`: a message of the app's robot into a group; it cannot mention."""
    _check_robot(world, app, body)
    conversation_id = body.get("openConversationId")
    if not conversation_id:
        raise ApiError("miss.openConversationId", "缺少openConversationId")
    group = world.groups.get(str(conversation_id))
    if group is None or group.one_to_one:
        raise ApiError("invalid.openConversationId", "无效的openConversationId")
    if group.dissolved:
        raise ApiError("group.disbanded", "群已解散")
    if not group.internal:
        raise ApiError("conversation.org.notMatch", "群不属于该组织")
    if group not in app.groups:
        raise ApiError("resource.not.found", "机器人不在群内")
    _store(world, app, group, body, _checked_param(world, body))
    return {"processQueryKey": uuid.uuid4().hex}


def one_to_one_send(world: World, app: App, body: Json) -> Json:
    """`oToMessages/batchSend`: HTTP 200 even when it reaches nobody; the lists tell."""
    _check_robot(world, app, body)
    ids = body.get("userIds")
    if not isinstance(ids, list) or not ids or not all(isinstance(i, str) for i in ids):
        raise ApiError("invalidParameter.userIds.empty", "userIds不能为空")
    if len(ids) > MAX_USERS:
        raise ApiError("invalidParameter.userIds.tooMany", "userIds数量超过限制")
    param = _checked_param(world, body)
    invalid = [i for i in ids if i not in world.users or world.users[i].external]
    slowed = [i for i in ids if i not in invalid and i in app.flow_controlled]
    for staff_id in ids:
        if staff_id not in invalid and staff_id not in slowed:
            _store(world, app, world.direct(app, world.users[staff_id]), body, param)
    return {
        "processQueryKey": uuid.uuid4().hex,
        "invalidStaffIdList": invalid,
        "flowControlledStaffIdList": slowed,
    }


def _check_qps(world: World, app: App, path: str) -> None:
    if world.rules.qps_limit == 0:
        return
    now = world.clock.now()
    recent = [at for at in app.calls.get(path, []) if at > now - _QPS_WINDOW]
    app.calls[path] = recent
    if len(recent) >= world.rules.qps_limit:
        raise ApiError(
            "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
            "您的企业应用调用钉钉开放平台当前接口的所有请求都被暂时禁用了",
            status=403,
        )
    recent.append(now)


def _check_robot(world: World, app: App, body: Json) -> None:
    robot_code = body.get("robotCode")
    if not robot_code:
        raise ApiError("invalidParameter.robotCode.empty", "robotCode不能为空")
    owner = world.app_of_robot(str(robot_code))
    if owner is None:
        raise ApiError("invalidParameter.robotCode.notExsit", "机器人不存在")
    if owner is not app:
        raise ApiError("invalidParameter.robotCode.auth", "robotCode没有权限")
    if app.stopped:
        raise ApiError("bot.stopped", "机器人已停用")


def _checked_param(world: World, body: Json) -> Json:
    msg_key = body.get("msgKey")
    if not msg_key:
        raise ApiError("invalidParameter.msgKey.empty", "msgKey不能为空")
    keys = MSG_KEYS.get(str(msg_key))
    if keys is None:
        raise ApiError("invalidParameter.msgKey.invalid", "msgKey无效")
    raw = body.get("msgParam")
    param = as_object(raw) if isinstance(raw, str) else None
    if param is None or not isinstance(raw, str):
        raise ApiError("invalidParameter.msgParam.invalid", "msgParam必须是JSON字符串")
    if len(raw.encode()) > world.rules.max_param_bytes:
        raise ApiError("invalidParameter.msgParam.tooLong", "msgParam过长")
    if not all(isinstance(param.get(key), str) and param[key] for key in keys):
        raise ApiError("invalidParameter.msgParam.invalid", f"msgParam缺少{'、'.join(keys)}")
    return param


def _store(world: World, app: App, group: Group, body: Json, param: Json) -> None:
    text = param.get("text") or param.get("content") or ""
    world.store(
        group,
        Message(
            id=world.next_id(),
            msgtype=str(body["msgKey"]),
            title=param.get("title", ""),
            text=text,
            via="openapi",
            robot=app.robot_code,
            received_at=world.clock.now(),
            buttons=(*_buttons(param), *links_of_markdown(text)),
            body=body,
            app=app,
        ),
    )


def _buttons(param: Json) -> list[Button]:
    pairs = [("singleTitle", "singleURL")]
    pairs += [(f"actionTitle{n}", f"actionURL{n}") for n in range(1, 6)]
    pairs += [(f"buttonTitle{n}", f"buttonUrl{n}") for n in range(1, 3)]
    return [Button(param[title], param[url]) for title, url in pairs if title in param]
