"""Rules and their versions in the database. Every function runs inside a transaction of its caller.

A rule's versions stay when it is deleted; one that comes back under its name goes on counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from core.store.rows import from_row, to_row
from core.store.schema import rule_versions, rules

Origin = Literal["file", "api"]
MAX_VERSIONS = 200  # listed of one rule


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it stands. body: its settings, as in config.yaml. origin: where it is changed."""

    name: str
    origin: Origin
    version: int
    body: dict[str, Any]
    deleted: bool = False
    changed_by: str
    changed_at: datetime


class RuleVersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a rule. body: None where it was deleted. reason: what the author said."""

    rule: str
    version: int
    origin: Origin
    body: dict[str, Any] | None
    author: str
    reason: str
    at: datetime


def find(connection: Connection, name: str) -> RuleRow | None:
    """The rule of a name, also one that was deleted."""
    row = connection.execute(select(rules).where(rules.c.name == name)).first()
    return None if row is None else from_row(RuleRow, row)


def standing(connection: Connection) -> list[RuleRow]:
    """All rules that are not deleted, by name."""
    query = select(rules).where(~rules.c.deleted).order_by(rules.c.name)
    return [from_row(RuleRow, row) for row in connection.execute(query)]


def stamp(connection: Connection) -> tuple[int, int]:
    """Changes with every change of any rule: how many there are, and their versions' sum."""
    query = select(func.count(), func.coalesce(func.sum(rules.c.version), 0)).select_from(rules)
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


def versions(connection: Connection, name: str) -> list[RuleVersionRow]:
    """The versions of a rule, newest first; at most MAX_VERSIONS."""
    query = (
        select(rule_versions)
        .where(rule_versions.c.rule == name)
        .order_by(rule_versions.c.version.desc())
        .limit(MAX_VERSIONS)
    )
    return [from_row(RuleVersionRow, row) for row in connection.execute(query)]


def version(connection: Connection, name: str, number: int) -> RuleVersionRow | None:
    """One version of a rule."""
    query = select(rule_versions).where(
        rule_versions.c.rule == name, rule_versions.c.version == number
    )
    row = connection.execute(query).first()
    return None if row is None else from_row(RuleVersionRow, row)


def put(
    connection: Connection,
    name: str,
    body: dict[str, Any] | None,
    *,
    origin: Origin,
    author: str,
    at: datetime,
    reason: str = "",
) -> RuleRow:
    """Keep a rule's next version; None deletes it."""
    known = find(connection, name)
    row = RuleRow(
        name=name,
        origin=origin,
        version=known.version + 1 if known else 1,
        body=body if body is not None else known.body if known else {},
        deleted=body is None,
        changed_by=author,
        changed_at=at,
    )
    if known is None:
        connection.execute(insert(rules), to_row(row))
    else:
        connection.execute(update(rules).where(rules.c.name == name).values(**to_row(row)))
    kept = RuleVersionRow(
        rule=name,
        version=row.version,
        origin=origin,
        body=body,
        author=author,
        reason=reason,
        at=at,
    )
    connection.execute(insert(rule_versions), to_row(kept))
    return row


def provision(
    connection: Connection, bodies: Mapping[str, dict[str, Any]], author: str, at: datetime
) -> None:
    """Make the file's rules what `bodies` says: new, changed and dropped ones get a version.

    The caller has seen that no rule made by API has one of these names.
    """
    known = {row.name: row for row in standing(connection) if row.origin == "file"}
    for name, body in bodies.items():
        if name not in known or known[name].body != body:
            put(connection, name, body, origin="file", author=author, at=at)
    for name in known.keys() - bodies.keys():
        put(connection, name, None, origin="file", author=author, at=at)
