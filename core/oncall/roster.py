"""The roster: every schedule with its calendar and the overrides that people made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy import Connection

from core.config.settings import Settings
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import uuid7
from core.model.override import Override
from core.oncall.calendar import read_calendar
from core.oncall.schedule import Duty, Schedule, make_schedule
from core.oncall.span import Span, Spans
from core.store import overrides
from core.store.database import Database

log = structlog.get_logger(__name__)
LONGEST = timedelta(days=366)
_STALE = timedelta(hours=12)  # how long what was expanded of a calendar is good
_FIRST, _LAST = 1971, 2900


class Called(msgspec.Struct, frozen=True):
    """Someone to be called. schedule: whose turn made it them, or empty.

    name is empty when nobody is on call in `schedule`. mobile, dingtalk_user_id: as in `people`;
    empty when it does not say, or does not know them.
    """

    name: str
    schedule: str = ""
    mobile: str = ""
    dingtalk_user_id: str = ""


class _File(msgspec.Struct, frozen=True):
    """A calendar's file as it was read: its time of change, when, and what it gave."""

    changed: float
    read_at: datetime
    spans: Spans


class Roster:
    """Answers who is on call. `refresh()` reads the calendars; call it every minute or so."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self._settings = {s.name: s for s in settings.schedules}
        self._people = {p.name: p for p in settings.people}
        self._db = db
        self._files: dict[str, _File] = {}

    @property
    def names(self) -> list[str]:
        """The schedules, as config.yaml orders them."""
        return list(self._settings)

    async def refresh(self, now: datetime) -> None:
        """Read the calendars' files that changed. One that cannot be read leaves what was."""
        for name, settings in self._settings.items():
            if settings.ical:
                try:
                    await self._read(name, Path(settings.ical), ZoneInfo(settings.timezone), now)
                except InvalidInput as error:
                    log.error("calendar_not_read", schedule=name, error=str(error))

    async def _read(self, name: str, path: Path, tz: ZoneInfo, now: datetime) -> None:
        try:
            changed = (await asyncio.to_thread(path.stat)).st_mtime
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
        known = self._files.get(name)
        if known is not None and known.changed == changed and now - known.read_at < _STALE:
            return
        people = list(self._people.values())
        imported = await asyncio.to_thread(read_calendar, path, people, tz, now)
        self._files[name] = _File(changed, now, Spans(imported.spans))
        log.info("calendar_read", schedule=name, shifts=len(imported.spans))
        if imported.unknown:
            log.warning("calendar_names_unknown", schedule=name, names=imported.unknown[:5])

    async def schedule(self, name: str, at: datetime) -> Schedule:
        """A schedule as it stands for moments from `at` on. NotFound, InvalidInput."""
        self._check(name)
        if not _FIRST <= at.year <= _LAST:
            raise InvalidInput("the moment is too far away")
        made = await self._db.read(lambda c: overrides.of(c, name, at))
        file = self._files.get(name)
        return make_schedule(
            self._settings[name],
            file.spans if file else None,
            tuple(Span(o.person, o.starts_at, o.ends_at, o.short_id) for o in made),
        )

    def _check(self, name: str) -> None:
        if name not in self._settings:
            known = ", ".join(self._settings) or "none"
            raise NotFound(f"there is no schedule {name[:100]!r}; there is: {known}")

    async def duties(self, name: str, at: datetime, count: int = 2) -> list[Duty]:
        """Who is on call at `at` and who comes then. NotFound, InvalidInput."""
        schedule = await self.schedule(name, at)
        # Walking far ahead over a long schedule is arithmetic for tens of milliseconds.
        return await asyncio.to_thread(lambda: list(islice(schedule.duties(at), count)))

    async def called(self, mentions: Sequence[str], at: datetime) -> tuple[Called, ...]:
        """Whom `mentions` stand for at `at`: people, and `@schedule` or the name of a schedule.

        Each person once. A schedule that nobody is on call in stands there without a name.
        """
        found: dict[str, Called] = {}
        for mention in mentions:
            schedule = mention.removeprefix("@")
            if mention in self._people or schedule not in self._settings:
                name, via = schedule, ""
            else:
                name, via = (await self.schedule(schedule, at)).at(at)[0], schedule
            person = self._people.get(name)
            found.setdefault(
                name or f"@{schedule}",
                Called(name, via, person.mobile, person.dingtalk_user_id)
                if person
                else Called(name, via),
            )
        return tuple(found.values())

    # Overrides

    async def overrides(self, name: str, now: datetime) -> list[Override]:
        """Those of a schedule that are not over. NotFound."""
        self._check(name)
        return await self._db.read(lambda c: overrides.of(c, name, now))

    async def override(
        self,
        name: str,
        person: str,
        starts_at: datetime,
        ends_at: datetime,
        comment: str,
        by: str,
        now: datetime,
    ) -> Override:
        """Put someone on call for a while. NotFound, InvalidInput; Conflict when too many wait."""
        self._check(name)
        if person not in self._people:
            raise InvalidInput(f"there is nobody called {person[:100]!r} in people")
        if ends_at <= now or ends_at <= starts_at:
            raise InvalidInput("an override must end in the future, after its start")
        if ends_at - starts_at > LONGEST or starts_at - now > LONGEST:
            raise InvalidInput("an override lasts a year at most, and begins within one")
        new = Override(
            id=uuid7(),
            number=0,
            schedule=name,
            person=person,
            starts_at=starts_at,
            ends_at=ends_at,
            comment=comment,
            created_by=by,
            created_at=now,
        )

        def work(connection: Connection) -> Override:
            if overrides.count(connection, name, now) >= overrides.MAX_LISTED:
                raise Conflict(f"{name} has {overrides.MAX_LISTED} overrides already; end some")
            return overrides.add(connection, new)

        return await self._db.write(work)

    async def end_override(self, number: int, now: datetime) -> Override:
        """End an override now. NotFound, or Conflict when it is over already."""

        def work(connection: Connection) -> Override:
            found = overrides.one(connection, number)
            if found is None:
                raise NotFound(f"there is no override OVR-{number}")
            if found.ends_at <= now:
                raise Conflict(f"{found.short_id} has already ended")
            return overrides.end(connection, found, now)

        return await self._db.write(work)
