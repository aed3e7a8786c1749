"""Steps that wait for the process that decides: rows that are answered once, or withdrawn.

asked → answered (in the transaction that does the step), or → withdrawn (nobody answered in
time). Every function runs inside a read or a transaction of its caller.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from core.store.bell import Rings, ring
from core.store.rows import from_row
from core.store.schema import requests as table


class Request(msgspec.Struct, frozen=True):
    """A step that is asked for. given: its arguments, written down."""

    id: str
    step: str
    given: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What came of it. error: the class of the error it was refused with; empty when done."""

    result: Any = None
    error: str = ""
    text: str = ""
    problems: list[tuple[str, str]] = []


def ask(connection: Connection, request: Request, now: datetime) -> None:
    """Put a request where the decider finds it, and wake it."""
    values = msgspec.structs.asdict(request)
    connection.execute(insert(table).values(**values, at=now, state="asked"))
    ring(connection, Rings.ASKED)


def waiting(connection: Connection) -> list[Request]:
    """The oldest that are not answered yet, in order."""
    query = select(table).where(table.c.state == "asked").order_by(table.c.seq).limit(100)
    return [from_row(Request, row) for row in connection.execute(query)]


def answer(connection: Connection, id_: str, given: Answer) -> bool:
    """Write the answer, and ring; False when the request was withdrawn."""
    asked = update(table).where(table.c.id == id_, table.c.state == "asked")
    values = {"state": "answered", "answer": msgspec.to_builtins(given)}
    done = connection.execute(asked.values(**values)).rowcount > 0
    if done:
        ring(connection, Rings.ANSWERED, id_)
    return done


def answered(connection: Connection, id_: str) -> Answer | None:
    """The answer, when there is one."""
    query = select(table.c.answer).where(table.c.id == id_, table.c.state == "answered")
    found = connection.execute(query).scalar()
    return None if found is None else msgspec.convert(found, Answer)


def withdraw(connection: Connection, id_: str) -> bool:
    """Nobody need do it any more; False when it is answered already."""
    asked = update(table).where(table.c.id == id_, table.c.state == "asked")
    return connection.execute(asked.values(state="withdrawn")).rowcount > 0
