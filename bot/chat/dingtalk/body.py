"""The markdown message as DingTalk takes it: line breaks, keywords, and bytes that are counted.

Limits are bytes of UTF-8 inside JSON (`"` and a line break are two), not characters.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

import msgspec
import orjson

JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
MAX_BODY = 20_000
MAX_PARAM = 15_000
MAX_AT = 50
_MAX_TITLE = 150
_LINK = re.compile(r"!?\[[^\[\]\n]{0,1000}\]\([^()\s]{0,4000}\)")


def json_bytes(text: str) -> int:
    """How many bytes `text` is inside a JSON string."""
    return len(orjson.dumps(text)) - 2


def one_line(title: str) -> str:
    """`title` on one line and short: it is shown in notifications and lists of chats only."""
    line = _clean(" ".join(title.split()))
    return line if len(line) <= _MAX_TITLE else f"{line[: _MAX_TITLE - 1]}…"


def line_breaks(text: str) -> str:
    """`text` with each single line break as two blanks and a break.

    A bare one is a break on some clients only; an empty line is one on all.
    """
    lines = _clean(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for at in range(len(lines) - 1):
        if lines[at].strip() and lines[at + 1].strip():
            lines[at] = lines[at].rstrip(" ") + "  "
    return "\n".join(lines)


def fit(text: str, limit: int, notice: str) -> str:
    """`text` in at most `limit` bytes inside JSON; when it is cut, `notice` stands at its end.

    It is cut at the end of a line; a line that would leave half of the room empty is cut between
    two characters, outside a link.
    """
    if json_bytes(text) <= limit:
        return text
    ending = f"\n\n{notice}"
    left = limit - json_bytes(ending)
    kept: list[str] = []
    for line in text.split("\n"):
        size = json_bytes(line) + json_bytes("\n")
        if size > left:
            if left > limit // 2:
                kept.append(_cut(line, left))
            break
        kept.append(line)
        left -= size
    return "\n".join(kept).rstrip() + ending


def with_keyword(text: str, keywords: Sequence[str], joiner: str) -> str:
    """`text` with one of `keywords` in it, or else the first one after it."""
    if not keywords or any(keyword in text for keyword in keywords):
        return text
    return f"{text}{joiner}{keywords[0]}"


class At(msgspec.Struct, frozen=True):
    """Who is called (@) by a message: mobile numbers, and staff ids. At most MAX_AT in all."""

    mobiles: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What must stand in the text: without it nobody's phone rings."""
        return " ".join(f"@{name}" for name in (*self.mobiles, *self.user_ids))


NOBODY = At()


def markdown_body(
    title: str,
    text: str,
    *,
    msg_uuid: str = "",
    keywords: Sequence[str] = (),
    notice: str,
    at: At = NOBODY,
) -> bytes:
    """The JSON body of a markdown message for the oapi host, at most MAX_BODY bytes.

    msg_uuid: the platform takes a body with the same one only once. keywords: those of the
    robot's settings, of which the message must have one. notice: what a shortened text ends with.
    """
    ending = f"\n\n{at.text}" if at.text else ""

    def encode(shown: str) -> bytes:
        markdown = {"title": with_keyword(one_line(title), keywords, " "), "text": shown + ending}
        body: dict[str, object] = {"msgtype": "markdown", "markdown": markdown}
        if at.text:
            body["at"] = {"atMobiles": at.mobiles, "atUserIds": at.user_ids, "isAtAll": False}
        if msg_uuid:
            body["msgUuid"] = msg_uuid
        return orjson.dumps(body)

    reserved = len(encode("")) + json_bytes(with_keyword("", keywords[:1], "\n\n"))
    return encode(
        with_keyword(fit(line_breaks(text), MAX_BODY - reserved, notice), keywords, "\n\n")
    )


def markdown_param(title: str, text: str, *, notice: str) -> str:
    """The `msgParam` of sampleMarkdown: a string holding JSON, at most MAX_PARAM bytes."""
    shown = one_line(title)
    reserved = len(orjson.dumps({"title": shown, "text": ""}))
    return orjson.dumps(
        {"title": shown, "text": fit(line_breaks(text), MAX_PARAM - reserved, notice)}
    ).decode()


def _clean(text: str) -> str:
    """`text` without half surrogates, which UTF-8 does not know."""
    return text.encode("utf-8", "replace").decode()


def _cut(line: str, room: int) -> str:
    line = line[: max(0, room)]  # a character is at least a byte
    end = bisect_right(range(len(line) + 1), room, key=lambda n: json_bytes(line[:n])) - 1
    for link in _LINK.finditer(line):
        if link.start() < end < link.end():
            end = link.start()
    return line[:end].rstrip("\\")
