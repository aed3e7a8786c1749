"""What people do: write into a group or to a robot, and click on links that write for them."""

import uuid
from urllib.parse import parse_qs, urlsplit

from .model import BOT_TOPIC, CORP_ID, App, Button, Delivery, Group, Json, Said, User
from .world import World


def say(
    world: World,
    group: Group,
    user: User,
    text: str,
    *,
    to: App | None = None,
    mention: bool = True,
    msg_id: str = "",
    content: Json | None = None,
) -> Said:
    """Put what `user` writes into `group`, with the deliveries to the apps that hear it.

    In a group only a robot that is mentioned hears it: `to`, or all of them; without `mention`
    none does. In a 1:1 chat the robot hears everything. `content` replaces msgtype and text.
    """
    said = Said(world.next_id(), user, text, world.clock.now())
    group.said.append(said)
    for app in world.apps.values():
        if group not in app.groups or app.stopped or to not in (None, app):
            continue
        if group.one_to_one or mention:
            data = bot_message(world, app, group, user, text, msg_id=msg_id, content=content)
            said.deliveries.append(Delivery(app, "CALLBACK", BOT_TOPIC, data))
    return said


def bot_message(
    world: World,
    app: App,
    group: Group,
    user: User,
    text: str,
    *,
    msg_id: str = "",
    content: Json | None = None,
) -> Json:
    """The body of a message to the robot, the same in stream and HTTP mode.

    The `@robot` is gone, its blank is still there. An external user has no senderStaffId. When
    the monthly quota is used up the body carries an error and no text.
    """
    webhook, expires_at = world.new_session(app, group)
    body: Json = {
        "conversationId": group.conversation_id,
        "conversationType": "1" if group.one_to_one else "2",
        "chatbotCorpId": CORP_ID,
        "chatbotUserId": app.chatbot_user_id,
        "robotCode": app.robot_code,
        "msgId": msg_id or f"msg{uuid.uuid4().hex[:20]}==",
        "createAt": world.clock.now_ms(),
        "senderId": user.dingtalk_id,
        "senderNick": user.nick,
        "isAdmin": user.admin,
        "sessionWebhook": webhook,
        "sessionWebhookExpiredTime": expires_at,
        "senderPlatform": "Mac",
    }
    if not user.external:
        body |= {"senderStaffId": user.staff_id, "senderCorpId": CORP_ID}
    if not group.one_to_one:
        robot = {"dingtalkId": app.chatbot_user_id}
        body |= {"conversationTitle": group.title, "isInAtList": True, "atUsers": [robot]}
    quota = world.rules.monthly_quota
    if quota and world.metered >= quota:
        return body | {"errorCode": 20001, "errorMessage": "本月消息额度已用完"}
    blank = "" if group.one_to_one else " "
    return body | (content or {"msgtype": "text", "text": {"content": blank + text}})


def written_by(button: Button) -> str | None:
    """What a click on a `dtmd://…sendMessage` link writes in the user's name; None for others."""
    address = urlsplit(button.url)
    if address.scheme != "dtmd" or address.path != "/sendMessage":
        return None
    texts = parse_qs(address.query.replace("+", "%2B")).get("content", [""])
    return texts[0] or None
