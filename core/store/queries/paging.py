"""Lists by cursor, newest first, with the filters every list of the API knows by name.

A page is found by its key (a number that only grows), never by an offset: what arrives while
someone reads does not move what they have not read yet.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    cast,
    column,
    exists,
    func,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.errors import InvalidInput, Problem

T = TypeVar("T")
MAX_LIMIT = 500
DEFAULT_LIMIT = 50
_MAX_INTEGER = 2**63 - 1


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; empty means all.

    status, severity: any of these. since (inclusive), until (exclusive). q: text that must
    stand somewhere in it, in any case. labels: pairs that must all be there.
    """

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""
    labels: tuple[tuple[str, str], ...] = ()


EVERYTHING = Filter()


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. next_cursor None: this was the last."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(key: int | str) -> str:
    """The key of the last item of a page, opaque to callers."""
    kind = "n" if isinstance(key, int) else "s"
    return base64.urlsafe_b64encode(f"{kind}{key}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int | str:
    """The key in a cursor. InvalidInput when it is not one of ours."""
    wrong = InvalidInput(
        "the cursor cannot be used",
        [Problem("cursor", "is not a next_cursor of this list; begin again without it")],
    )
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise wrong from error
    kind, key = text[:1], text[1:]
    if kind == "s" and key.isascii() and key.isprintable():
        return key
    if kind == "n" and key.isascii() and key.isdigit() and len(key) <= 19:
        number = int(key)
        if number <= _MAX_INTEGER:
            return number
    raise wrong


def fetch(
    connection: Connection,
    columns: Sequence[ColumnElement[Any]],
    key: ColumnElement[Any],
    make: Callable[[Row[Any]], T],
    *,
    where: Sequence[ColumnElement[bool]],
    limit: int,
    cursor: str | None,
) -> Page[T]:
    """The page after `cursor`, by falling `key`, which is one of `columns`."""
    limit = max(1, min(limit, MAX_LIMIT))
    query = select(*columns).where(true(), *where).order_by(key.desc()).limit(limit + 1)
    if cursor:
        last = decode_cursor(cursor)
        if isinstance(last, int) is (key.type.python_type is str):
            raise InvalidInput(
                "the cursor cannot be used", [Problem("cursor", "belongs to another list")]
            )
        query = query.where(key < last)
    rows = connection.execute(query).all()
    more = len(rows) > limit
    rows = rows[:limit]
    following = encode_cursor(rows[-1]._mapping[key]) if more else None
    return Page([make(row) for row in rows], following)


def between(
    moment: ColumnElement[Any], wanted: Filter, ends: ColumnElement[Any] | None = None
) -> list[ColumnElement[bool]]:
    """`moment` (or the span from `moment` to `ends`) touches since … until."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append((moment if ends is None else ends) >= wanted.since)
    if wanted.until is not None:
        conditions.append(moment < wanted.until)
    return conditions


def has_text(q: str, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """`q` stands in one of these columns; JSON columns are searched as text."""
    if not q:
        return []
    return [or_(*(func.coalesce(cast(c, Text), "").icontains(q, autoescape=True) for c in columns))]


def has_labels(
    connection: Connection, labels: ColumnElement[Any], wanted: Sequence[tuple[str, str]]
) -> list[ColumnElement[bool]]:
    """Every wanted pair is in the JSON object `labels`, on SQLite and on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        return [type_coerce(labels, JSONB)[name].astext == value for name, value in wanted]
    conditions: list[ColumnElement[bool]] = []
    for number, (name, value) in enumerate(wanted):
        pair = func.json_each(labels).table_valued("key", "value", name=f"label_{number}")
        conditions.append(
            exists(select(1).select_from(pair).where(pair.c.key == name, pair.c.value == value))
        )
    return conditions


def holds(connection: Connection, array: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    """The JSON array of texts `array` holds `value`."""
    if connection.dialect.name == "postgresql":
        return type_coerce(array, JSONB).contains([value])
    entry = func.json_each(array).table_valued(column("value", Text), name="entry")
    return exists(select(1).select_from(entry).where(entry.c.value == value))


def some(column_: ColumnElement[Any], values: Sequence[str]) -> list[ColumnElement[bool]]:
    """`column_` is one of `values`; no condition when there are none."""
    return [column_.in_(values)] if values else []


def in_pieces(values: Sequence[Any], size: int = 500) -> list[Sequence[Any]]:
    """`values` in slices that fit one IN list of every engine."""
    return [values[start : start + size] for start in range(0, len(values), size)]
