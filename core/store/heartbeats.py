"""When heartbeats were last heard, so that a restart forgets none.

Every function runs inside a transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from core.store.rows import from_row, to_row
from core.store.schema import heartbeats as table


class Heard(msgspec.Struct, frozen=True):
    """spoke_at: its last word, None before the first. since: from when its silence counts.

    looked_at: when some tocsin last listened to it.
    """

    name: str
    spoke_at: datetime | None
    since: datetime
    looked_at: datetime


def load(connection: Connection) -> dict[str, Heard]:
    """All of them by name."""
    return {row.name: from_row(Heard, row) for row in connection.execute(select(table))}


def save(connection: Connection, heard: Iterable[Heard]) -> None:
    """Keep them."""
    is_postgresql = connection.dialect.name == "postgresql"
    upsert = upsert_postgresql if is_postgresql else upsert_sqlite
    for one in heard:
        statement = upsert(table).values(to_row(one))
        changed = {name: statement.excluded[name] for name in ("spoke_at", "since", "looked_at")}
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))


def forget(connection: Connection, names: Iterable[str]) -> None:
    """They stand in the settings no more."""
    connection.execute(delete(table).where(table.c.name.in_(list(names))))
