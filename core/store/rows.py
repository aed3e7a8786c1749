"""Rows to structs and back: the columns of a table are named like the fields of its noun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import CursorResult, Row

T = TypeVar("T")


def to_row(value: msgspec.Struct) -> dict[str, Any]:
    """A struct as the values of its row; moments stay datetimes, tuples become lists."""
    row: dict[str, Any] = msgspec.to_builtins(value, builtin_types=(datetime,))
    return row


def from_row(kind: type[T], row: Row[Any]) -> T:
    """A row as a struct of `kind`; columns the struct does not have are left out."""
    # SQLAlchemy's names may be a subclass of str, which msgspec takes for no key.
    return msgspec.convert({str(name): value for name, value in row._mapping.items()}, kind)


def from_rows(kind: type[T], result: CursorResult[Any]) -> Iterator[T]:
    """Very many rows of one query as structs of `kind`, as `from_row` does with one."""
    names = [str(name) for name in result.keys()]  # noqa: SIM118 - it is no dict
    for row in result:
        yield msgspec.convert(dict(zip(names, row, strict=True)), kind)
