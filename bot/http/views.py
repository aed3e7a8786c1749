"""Types that the shapes of several groups share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from core.store.queries import Page

T = TypeVar("T")
S = TypeVar("S")

# RFC 3339 in UTC with milliseconds, as core.clock.iso writes it.
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Line = Annotated[str, Meta(max_length=200)]
Comment = Annotated[str, Meta(max_length=10_000)]


class PageOf(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. next_cursor null: this was the last."""

    items: list[T]
    next_cursor: str | None


def page_of(page: Page[S], view: Callable[[S], T]) -> PageOf[T]:
    """A page of rows as a page of what outsiders read."""
    return PageOf([view(item) for item in page.items], page.next_cursor)
