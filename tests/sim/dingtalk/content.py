"""Message bodies: field checks per msgtype, and who is really mentioned."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .model import Button, Group, Json
from .refusal import Reason, Refusal

_DTMD_LINK = re.compile(r"\[([^\]]*)\]\((dtmd://[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Content:
    """A checked body. `texts` is what keywords are looked for in."""

    msgtype: str
    title: str
    text: str
    texts: tuple[str, ...]
    buttons: tuple[Button, ...]
    at: Json
    msg_uuid: str
    body: Json


def parse(body: Json, max_mentions: int) -> Content:
    """Check `body` by the platform's field table; Refusal when it does not hold."""
    msgtype = body.get("msgtype")
    if not isinstance(msgtype, str) or not msgtype:
        raise Refusal(Reason.BAD_JSON)
    reader = _READERS.get(msgtype)
    if reader is None:
        raise Refusal(Reason.MSGTYPE)
    part = body.get(msgtype)
    if not isinstance(part, dict):
        raise Refusal(Reason.BAD_JSON)
    title, text, buttons = reader(part)
    at = body.get("at") if msgtype not in ("link", "feedCard") else None
    at = {} if at is None else at
    if not isinstance(at, dict):
        raise Refusal(Reason.BAD_JSON)
    if len(_strings(at, "atMobiles")) + len(_strings(at, "atUserIds")) > max_mentions:
        raise Refusal(Reason.TOO_MANY_MENTIONS)
    msg_uuid = body.get("msgUuid", "")
    if not isinstance(msg_uuid, str):
        raise Refusal(Reason.BAD_JSON)
    texts = (text, *(button.title for button in buttons)) if msgtype == "feedCard" else (text,)
    return Content(msgtype, title, text, texts, buttons, at, msg_uuid, body)


def mentions(content: Content, group: Group) -> tuple[tuple[str, ...], bool]:
    """Staff ids that are pinged, and whether everybody is.

    Only a member whose number or id is in `at` and written as `@…` in the text is pinged; an
    actionCard knows staff ids only, link and feedCard know no mention.
    """
    pinged = []
    for user in group.members:
        names = [user.staff_id] if user.staff_id in _strings(content.at, "atUserIds") else []
        by_mobile = content.msgtype != "actionCard" and user.mobile
        if by_mobile and user.mobile in _strings(content.at, "atMobiles"):
            names.append(user.mobile)
        if any(re.search(rf"@{re.escape(name)}(?![0-9A-Za-z_])", content.text) for name in names):
            pinged.append(user.staff_id)
    return tuple(pinged), content.at.get("isAtAll") in (True, "true")


def links_of_markdown(text: str) -> tuple[Button, ...]:
    """The `[title](dtmd://…)` links of a markdown text, which people click like buttons."""
    return tuple(Button(title, url) for title, url in _DTMD_LINK.findall(text))


def _strings(at: Mapping[str, Any], key: str) -> list[str]:
    values = at.get(key)
    # The official SDK sends [null] for a sender without staff id, and is not refused for it.
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _required(part: Json, keys: Iterable[str]) -> list[str]:
    values = [part.get(key) for key in keys]
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise Refusal(Reason.BAD_JSON)
    return [str(value) for value in values]


def _text(part: Json) -> tuple[str, str, tuple[Button, ...]]:
    (content,) = _required(part, ["content"])
    return "", content, ()


def _link(part: Json) -> tuple[str, str, tuple[Button, ...]]:
    title, text, url = _required(part, ["title", "text", "messageUrl"])
    return title, text, (Button(title, url),)


def _markdown(part: Json) -> tuple[str, str, tuple[Button, ...]]:
    title, text = _required(part, ["title", "text"])
    return title, text, links_of_markdown(text)


def _action_card(part: Json) -> tuple[str, str, tuple[Button, ...]]:
    title, text = _required(part, ["title", "text"])
    if part.get("singleTitle") and part.get("singleURL"):
        single, url = _required(part, ["singleTitle", "singleURL"])
        return title, text, (Button(single, url),)
    return title, text, _links(part.get("btns"), "title", "actionURL")


def _feed_card(part: Json) -> tuple[str, str, tuple[Button, ...]]:
    links = _links(part.get("links"), "title", "messageURL", "picURL")
    return links[0].title, "", links


def _links(rows: object, *keys: str) -> tuple[Button, ...]:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise Refusal(Reason.BAD_JSON)
    return tuple(Button(*_required(row, keys)[:2]) for row in rows)


_READERS: Mapping[str, Callable[[Json], tuple[str, str, tuple[Button, ...]]]] = {
    "text": _text,
    "link": _link,
    "markdown": _markdown,
    "actionCard": _action_card,
    "feedCard": _feed_card,
}
