"""Analyses in the store: written once, the newest of an incident is the one people see."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, insert

from core.ids import uuid7
from core.store.schema import analyses as table
from knowledge.analysis.model import Analysis

AnalysisKind = Literal["incident", "text"]


def add(
    connection: Connection,
    analysis: Analysis,
    *,
    kind: AnalysisKind,
    incident: int | None,
    at: datetime,
) -> None:
    """Keep `analysis`; it is the newest of its incident from now on."""
    connection.execute(
        insert(table).values(
            id=uuid7(),
            incident=incident,
            kind=kind,
            result=msgspec.to_builtins(analysis),
            degraded=analysis.meta.degraded,
            at=at,
        )
    )
