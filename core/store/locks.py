"""Advisory locks: what must happen in one order between processes on PostgreSQL.

On SQLite one process writes, in one thread, so there is nothing to order.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection, text


class Order(IntEnum):
    """What is put in order. The numbers are arbitrary and must stay as they are."""

    JOURNAL = 7_420_001
    IMPORT = 7_420_002
    ROOM = 7_420_003
    MIGRATE = 7_420_004
    CLAIM = 7_420_005


def in_order(connection: Connection, what: Order) -> None:
    """Wait for others who do the same; held until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({what:d})"))
