"""Write-back: what people did about an incident becomes the draft of an article.

The draft is a template filled with what is on record; nothing is invented, and a person reviews
it before it is found. It is asked for when an incident resolves.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec
from sqlalchemy import Connection, exists, select

from core.config.settings import Settings
from core.config.units import format_duration
from core.model.alert import Alert
from core.model.incident import Incident, TimelineEntry
from core.store import queries, schema
from core.store.database import Database
from core.store.queries import ArticleRow
from core.text import say
from knowledge.article.articles import Articles
from knowledge.article.draft import TITLE_LIMIT, Draft, clean
from knowledge.index.document import SAID, is_test, services_of
from knowledge.index.words import tidy

AUTHOR = "tocsin"
_ALERTS = 20
_ENTRIES = 100
_LINE = 500
_EARLIER = 20  # articles of the same group that are compared


class _Record(msgspec.Struct, frozen=True):
    """What is known of an incident that may be written back."""

    incident: Incident
    alerts: list[Alert]
    timeline: list[TimelineEntry]

    @property
    def notes(self) -> list[TimelineEntry]:
        """What people wrote about it."""
        return [entry for entry in self.timeline if entry.kind in SAID]


class Writeback:
    """Drafts articles from resolved incidents, each incident once."""

    def __init__(self, settings: Settings, db: Database, articles: Articles) -> None:
        self._language = settings.language
        self._zone = settings.tz
        self._db = db
        self._articles = articles

    async def draft(self, number: int) -> ArticleRow | None:
        """A draft article about `INC-<number>`.

        None when it is not resolved or only a test, when it was written back before, or when
        nobody wrote a word about it and an earlier one of its kind is written back already.
        """
        record = await self._db.read(lambda c: _record(c, number))
        if record is None:
            return None
        draft = await asyncio.to_thread(lambda: clean(self._write(record)))
        reason = self._say("reason", incident=record.incident.short_id)

        def work(connection: Connection) -> ArticleRow | None:
            # The row is held, so that a second process that drafts at this moment waits here.
            held = select(schema.incidents.c.number).where(schema.incidents.c.number == number)
            connection.execute(held.with_for_update())
            if _is_written(connection, record):
                return None
            return self._articles.insert(connection, draft, AUTHOR, reason, incident=number)

        article = await self._db.write(work)
        if article is not None:
            self._articles.on_change()
        return article

    def _write(self, record: _Record) -> Draft:
        incident, alerts = record.incident, record.alerts
        title = self._say("title", title=incident.title)
        names = list(dict.fromkeys(alert.name for alert in alerts))
        services = dict.fromkeys(name for alert in alerts for name in services_of(alert.labels))
        sections = [
            ("symptoms", self._symptoms(alerts)),
            ("impact", self._impact(record)),
            ("diagnosis", self._diagnosis(record)),
            ("fix", self._fix(record)),
            ("timeline", self._timeline(record.timeline)),
        ]
        body = "\n\n".join(
            f"## {self._say(key)}\n\n" + "\n".join(lines) for key, lines in sections if lines
        )
        return Draft(
            title=title[:TITLE_LIMIT],
            body=body,
            tags=names[:_ALERTS],
            labels={"alertname": names[0]} if len(names) == 1 else {},
            services=list(services)[:_ALERTS],
            severity=incident.severity,
            owner=incident.assignee or incident.resolved_by,
        )

    def _symptoms(self, alerts: list[Alert]) -> list[str]:
        return [
            "- "
            + self._say(
                "alert", summary=_line(alert.summary), severity=alert.severity, count=alert.count
            )
            for alert in alerts[:_ALERTS]
        ]

    def _impact(self, record: _Record) -> list[str]:
        incident = record.incident
        end = incident.resolved_at or incident.updated_at
        lasted = self._say(
            "lasted",
            start=self._time(incident.started_at),
            end=self._time(end),
            duration=format_duration(end - incident.started_at),
            alerts=incident.alert_count,
            severity=incident.severity,
        )
        pairs = {
            f"{name}={value}" for alert in record.alerts for name, value in alert.labels.items()
        }
        labels = ", ".join(f"`{_line(pair)}`" for pair in sorted(pairs)[:20])
        return [lasted, *([self._say("labels", labels=labels)] if labels else [])]

    def _diagnosis(self, record: _Record) -> list[str]:
        incident = record.incident
        lines = []
        if incident.acknowledged_at is not None:
            after = format_duration(incident.acknowledged_at - incident.started_at)
            lines.append(self._say("acknowledged", by=incident.acknowledged_by, after=after))
        if not record.notes:
            return [*lines, self._say("no_diagnosis")]
        return lines + [f"- {entry.by}: {_line(entry.text)}" for entry in record.notes[:_ENTRIES]]

    def _fix(self, record: _Record) -> list[str]:
        said = [line.strip() for line in record.incident.resolution.splitlines() if line.strip()]
        if not said and record.notes:
            said = [record.notes[-1].text]
        return [f"{at}. {_line(line)}" for at, line in enumerate(said, 1)] or [self._say("no_fix")]

    def _timeline(self, entries: list[TimelineEntry]) -> list[str]:
        return [f"- {self._time(e.at)} {e.by}: {_line(e.text)}" for e in entries[:_ENTRIES]]

    def _time(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def _say(self, key: str, **values: object) -> str:
        return say(f"writeback.{key}", self._language, **values)


def _record(connection: Connection, number: int) -> _Record | None:
    incident = queries.incident(connection, number)
    if incident is None or incident.status != "resolved":
        return None
    alerts = queries.alerts_of_incident(connection, number)
    if is_test(incident, alerts):
        return None
    record = _Record(incident, alerts, queries.timeline(connection, number))
    return None if _is_written(connection, record) else record


def _is_written(connection: Connection, record: _Record) -> bool:
    """Whether there is an article of this incident, or of one like it that says no less."""
    incident, articles, others = record.incident, schema.articles, schema.incidents
    of_this = articles.c.incident == incident.number
    if connection.execute(select(exists().where(of_this))).scalar():
        return True
    if record.notes or incident.resolution:
        return False
    earlier = (
        select(articles.c.tags)
        .join(others, others.c.number == articles.c.incident)
        .where(others.c.key == incident.key)
        .order_by(articles.c.number.desc())
        .limit(_EARLIER)
    )
    names = {alert.name for alert in record.alerts}
    return any(names <= set(row.tags) for row in connection.execute(earlier))


def _line(text: str) -> str:
    flat = tidy(text)
    return flat if len(flat) <= _LINE else flat[: _LINE - 1] + "…"
