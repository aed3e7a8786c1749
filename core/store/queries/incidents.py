"""Incidents, with what other tables hold about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from core.model.escalating import Escalating
from core.model.incident import Incident, SimilarItem, TimelineEntry
from core.store.queries.paging import (
    DEFAULT_LIMIT,
    EVERYTHING,
    Filter,
    Page,
    between,
    fetch,
    has_labels,
    has_text,
    in_pieces,
    some,
)
from core.store.rows import from_row
from core.store.schema import analyses, escalations
from core.store.schema import incidents as table
from core.store.schema import similar_items as similar_table
from core.store.schema import timeline as timeline_table


class Story(msgspec.Struct):
    """What is known about one incident beside its row. analysis: its newest, or None.

    escalating: how far its escalation has come; None when it has none, or is over.
    """

    timeline: list[TimelineEntry] = []
    similar: list[SimilarItem] = []
    analysis: dict[str, Any] | None = None
    escalating: Escalating | None = None


def _incident(row: Row[tuple[object, ...]]) -> Incident:
    return from_row(Incident, row)


def incident(connection: Connection, number: int) -> Incident | None:
    """`INC-<number>`."""
    row = connection.execute(select(table).where(table.c.number == number)).first()
    return None if row is None else from_row(Incident, row)


def incidents(
    connection: Connection,
    wanted: Filter = EVERYTHING,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Incident]:
    """Incidents, newest first; since and until are about when they started."""
    where = [
        *some(table.c.status, wanted.status),
        *some(table.c.severity, wanted.severity),
        *between(table.c.started_at, wanted),
        *has_text(wanted.q, table.c.title, table.c.labels, table.c.resolution),
        *has_labels(connection, table.c.labels, wanted.labels),
    ]
    return fetch(
        connection, [*table.c], table.c.number, _incident, where=where, limit=limit, cursor=cursor
    )


def timeline(connection: Connection, number: int) -> list[TimelineEntry]:
    """What happened to `INC-<number>`, oldest first."""
    query = (
        select(timeline_table)
        .where(timeline_table.c.incident == number)
        .order_by(timeline_table.c.seq)
    )
    return [from_row(TimelineEntry, row) for row in connection.execute(query)]


def meaning(connection: Connection, number: int) -> Story:
    """The story of `INC-<number>` without its timeline."""
    story = Story()
    alike = select(similar_table).where(similar_table.c.incident == number)
    for row in connection.execute(alike):
        story.similar = msgspec.convert(row._mapping["items"], list[SimilarItem])
    newest = (
        select(analyses.c.result)
        .where(analyses.c.incident == number)
        .order_by(analyses.c.at.desc(), analyses.c.id.desc())
        .limit(1)
    )
    story.analysis = connection.execute(newest).scalar()
    return story


def stories(connection: Connection, numbers: Sequence[int]) -> dict[int, Story]:
    """The story of each of these incidents, in four queries for up to 500 of them."""
    told = {number: Story() for number in numbers}
    for piece in in_pieces(numbers):
        entries = (
            select(timeline_table)
            .where(timeline_table.c.incident.in_(piece))
            .order_by(timeline_table.c.seq)
        )
        for row in connection.execute(entries):
            told[row.incident].timeline.append(from_row(TimelineEntry, row))
        alike = select(similar_table).where(similar_table.c.incident.in_(piece))
        for row in connection.execute(alike):
            # Not `row.items`: a row is a tuple with methods of its own.
            told[row.incident].similar = msgspec.convert(row._mapping["items"], list[SimilarItem])
        rank = func.row_number().over(
            partition_by=analyses.c.incident, order_by=(analyses.c.at.desc(), analyses.c.id.desc())
        )
        ranked = (
            select(analyses.c.incident, analyses.c.result, rank.label("rank"))
            .where(analyses.c.incident.in_(piece))
            .subquery()
        )
        newest = select(ranked.c.incident, ranked.c.result).where(ranked.c.rank == 1)
        for row in connection.execute(newest):
            told[row.incident].analysis = row.result
        steps = select(escalations).where(escalations.c.incident.in_(piece))
        for row in connection.execute(steps):
            told[row.incident].escalating = from_row(Escalating, row)
    return told
