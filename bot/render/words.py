"""The small words of every message: severities, states, moments, spans of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.render.escape import Markdown, escape, escape_within
from core.text import say

ICONS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}
RESOLVED_ICON = "✅"
# DingTalk breaks a line at two spaces on both sides of the newline; CommonMark does as well.
BREAK = Markdown("  \n  ")
_JUST_NOW = timedelta(seconds=5)


def told(key: str, language: str, **values: Any) -> Markdown:
    """A sentence of the catalogue as markdown; every value in it is escaped."""
    return Markdown(say(key, language, **{k: escape(str_of(v)) for k, v in values.items()}))


def str_of(value: Any) -> str:
    """A value as text; markdown stays markdown."""
    return value if isinstance(value, str) else str(value)


def brief(text: str, limit: int, language: str, whole: str = "") -> Markdown:
    """Untrusted `text`, escaped, in at most `limit` characters.

    When it is cut it says so, and that `/show <whole>` tells all of it.
    """
    if len(text) <= limit and len(shown := escape(text)) <= limit:
        return shown
    mark = told("render.cut_show", language, id=whole) if whole else told("render.cut", language)
    return escape_within(text, limit, mark)


def unmarked(text: str) -> str:
    """Words of an article without its marks of bold and code, for a line of a list."""
    return text.replace("**", "").replace("`", "")


def severity(value: str, language: str) -> Markdown:
    """critical → `紧急`."""
    return told(f"render.severity.{value}", language)


def status(value: str, language: str) -> Markdown:
    """An incident's or alert's status: acknowledged → `已确认`."""
    return told(f"render.status.{value}", language)


def state(value: str, language: str) -> Markdown:
    """A notification's, upload's or task's state: dead → `已放弃`."""
    return told(f"render.state.{value}", language)


def confidence(value: str, language: str) -> Markdown:
    """high → `把握高`."""
    return told(f"render.confidence.{value}", language)


def moment(at: datetime, tz: ZoneInfo) -> Markdown:
    """`11-24 09:30:05` in the readers' zone."""
    return Markdown(at.astimezone(tz).strftime("%m-%d %H:%M:%S"))


def full_moment(at: datetime, tz: ZoneInfo) -> Markdown:
    """`2026-11-24 09:30:05` in the readers' zone."""
    return Markdown(at.astimezone(tz).strftime("%Y-%m-%d %H:%M:%S"))


def span(length: timedelta, language: str) -> Markdown:
    """A length of time by its two largest units: `1 小时 5 分钟`."""
    left = max(0, int(length.total_seconds()))
    words: list[str] = []
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, seconds)
        if count or words:
            words.append(say(f"render.span.{unit}", language, n=count) if count else "")
        if len(words) == 2:
            break
    shown = " ".join(word for word in words if word)
    return Markdown(shown or say("render.span.second", language, n=0))


def ago(at: datetime, now: datetime, language: str) -> Markdown:
    """How long before `now`: `5 分钟前`."""
    if now - at < _JUST_NOW:
        return told("render.just_now", language)
    return told("render.ago", language, span=span(now - at, language))
