"""A line of the room as browsers and scripts read it."""

from __future__ import annotations

from typing import Literal

import msgspec

from bot.chat.web.log import Line
from bot.chat.web.markdown import to_html
from core.clock import iso
from core.ids import short_id

ItemKind = Literal["notification", "reply", "said"]


class Item(msgspec.Struct, frozen=True):
    """id grows with every line of every room. kind: what a person said, or the house's own words.

    html: Markdown made safe for a browser; None for plain text.
    """

    id: int
    at: str
    author: str
    kind: ItemKind
    text: str
    format: str
    html: str | None
    incident: str | None


class Items(msgspec.Struct, frozen=True):
    """Lines, oldest first."""

    items: list[Item]


def item_of(line: Line) -> Item:
    """`line` with its HTML; call it off the event loop."""
    # An author's name proves nothing: a person may be called tocsin. The format does, since what
    # people say is always text.
    said = line.format == "text"
    return Item(
        id=line.seq,
        at=iso(line.at) or "",
        author=line.author,
        kind="said" if said else "notification" if line.key else "reply",
        text=line.text,
        format=line.format,
        html=None if said else to_html(line.text),
        incident=short_id("INC", line.incident) if line.incident else None,
    )
