"""What tocsin measures of itself, as readings for scheduler.selfcheck."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from core.config.settings import SelfRules
from core.store import outbox, schema
from core.store.database import Database
from core.upload import Uploads
from knowledge.analysis.analyst import Analyst
from scheduler.selfcheck import Probe, Reading

_LATELY = timedelta(minutes=10)


def upload_probe(rules: SelfRules, uploads: Uploads) -> Probe:
    """How many uploads fail, and how full the queue is."""

    async def probe(now: datetime) -> Iterable[Reading]:
        ratio, queue = rules.upload_failure_ratio, rules.upload_queue
        return (
            Reading(
                name="UploadFailureRatio",
                text="self.upload_failure_ratio",
                value=await uploads.failure_ratio(now),
                warning=ratio.warning,
                critical=ratio.critical,
            ),
            Reading(
                name="UploadQueueFull",
                text="self.upload_queue",
                value=await uploads.queue_ratio(),
                warning=queue.warning,
                critical=queue.critical,
            ),
        )

    return probe


def ai_probe(rules: SelfRules, analyst: Analyst) -> Probe:
    """How many analyses fell back to rules though a model was wanted."""

    async def probe(now: datetime) -> Iterable[Reading]:
        limits = rules.ai_degraded
        return (
            Reading(
                name="AiDegraded",
                text="self.ai_degraded",
                value=analyst.degraded_ratio(_LATELY),
                warning=limits.warning,
                critical=limits.critical,
            ),
        )

    return probe


def outbox_probe(rules: SelfRules, db: Database, channels: Iterable[str]) -> Probe:
    """How long notifications wait, and how many were given up, by channel."""
    names = tuple(channels)
    limits = rules.outbox_age

    async def probe(now: datetime) -> Iterable[Reading]:
        oldest = await db.read(outbox.oldest_pending)
        dead = await db.read(lambda c: _dead_since(c, now - _LATELY))
        readings = []
        for name in names:
            age = (now - oldest[name]).total_seconds() if name in oldest else 0.0
            labels = {"channel": name}
            readings += [
                Reading(
                    name="NotificationsLate",
                    text="self.outbox_age",
                    value=age,
                    warning=limits.warning.total_seconds(),
                    critical=limits.critical.total_seconds(),
                    labels=labels,
                ),
                Reading(
                    name="NotificationsUndeliverable",
                    text="self.dead_letters",
                    value=float(dead.get(name, 0)),
                    warning=1,
                    critical=1,
                    labels=labels,
                ),
            ]
        return readings

    return probe


def _dead_since(connection: Connection, since: datetime) -> dict[str, int]:
    table = schema.notifications
    query = (
        select(table.c.channel, func.count())
        .where(table.c.state == "dead", table.c.created_at > since)
        .group_by(table.c.channel)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
