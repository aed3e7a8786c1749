"""How the service itself does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.render.escape import Markdown
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import brief, told
from core.store.queries.counts import Counts


class Condition(Protocol):
    """How one part does."""

    @property
    def name(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> str: ...


def status_page(parts: Sequence[Condition], counts: Counts, reader: Reader) -> Markdown:
    """The parts, those in trouble first, and what waits."""
    language = reader.language
    troubled = sum(not part.ok for part in parts)
    head = told("render.status.troubled", language, n=troubled) if troubled else ""
    values = {name: getattr(counts, name) for name in counts.__struct_fields__}
    lines = ("incidents", "alerts", "notifications", "uploads", "tasks")
    return page(
        [
            head or told("render.status.well", language),
            listed(_part(p, language) for p in sorted(parts, key=lambda p: p.ok)),
            listed(told(f"render.status.{line}", language, **values) for line in lines),
        ],
        language,
    )


def _part(part: Condition, language: str) -> Markdown:
    icon = "✅" if part.ok else "❌"
    reason = f" {brief(part.reason, 160, language)}" if part.reason else ""
    return Markdown(f"{icon} {brief(part.name, 60, language)}{reason}")
