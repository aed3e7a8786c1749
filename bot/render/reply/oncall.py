"""Who is on call: a schedule a block."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.render import words
from bot.render.escape import Markdown
from bot.render.reply.page import page
from bot.render.reply.reader import Reader
from bot.render.words import BREAK, brief, told
from core.oncall.schedule import Duty


def oncall_page(blocks: Sequence[Markdown], more: int, reader: Reader) -> Markdown:
    """Schedules under one another; `more` are not listed."""
    rest = told("render.more", reader.language, n=more) if more > 0 else ""
    return page([*blocks, rest], reader.language)


def schedule_block(name: str, duties: Sequence[Duty], tz: ZoneInfo, reader: Reader) -> Markdown:
    """Who is on call and until when, on the schedule's own wall clock; who comes then."""
    language = reader.language
    head = told("render.oncall.schedule", language, name=name, tz=tz.key)
    now, *following = duties
    until = words.moment(now.ends_at, tz) if now.ends_at else ""
    ending = ".until" if until else ""
    if now.person:
        line = told(
            f"render.oncall.now{ending}",
            language,
            person=brief(now.person, 80, language),
            until=until,
            via=_via(now.via, language),
        )
    else:
        line = told(f"render.oncall.nobody{ending}", language, until=until)
    lines = [head, line]
    if following:
        then = following[0]
        key = "render.oncall.next" if then.person else "render.oncall.next_nobody"
        at = words.moment(then.starts_at, tz)
        lines.append(told(key, language, person=brief(then.person, 80, language), at=at))
    return Markdown(BREAK.join(lines))


def _via(via: str, language: str) -> Markdown:
    layer, _space, number = via.partition(" ")
    if layer == "layer":
        return told("render.oncall.layer", language, n=number)
    return brief(via, 60, language)
