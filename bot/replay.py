"""Replay: a log file or recorded events through rules and decisions, in memory, nothing sent.

Time is what the lines and events say it is; a line that does not say is of the time of the one
before. Between them time passes: what falls due in between is done at its moment.
"""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog

from core.clock import iso, utc_now
from core.config.settings import LogSource, Settings
from core.decide.fold import Fold
from core.decide.policy import make_policy
from core.decide.route import Route
from core.decide.state import State
from core.errors import InvalidInput, NotFound
from core.intake.lines import readable
from core.intake.multiline import joiner_of
from core.intake.native import parse
from core.intake.stamp import Stamps
from core.model.event import Event
from core.redact import redact
from core.rule import Evaluator, RuleScanner

log = structlog.get_logger(__name__)
CHUNK = 2**20
SOURCE = "replay"
_TRIED = 1000  # lines
_STEP = timedelta(seconds=1)  # what is due again at once waits so long


class Totals(msgspec.Struct):
    """What a replay came to. matched: lines that at least one rule matched."""

    lines: int = 0
    matched: int = 0
    events: int = 0
    alerts: int = 0
    notifications: int = 0
    seconds: float = 0.0


class Decided(msgspec.Struct, frozen=True):
    """One decision, as it is printed."""

    alert: str
    name: str
    labels: dict[str, str]
    at: str
    summary: str
    verdict: str
    reason: str
    by: str


class Replay:
    """Runs one file. Iterate over `run()`; `totals` is complete afterwards."""

    def __init__(self, settings: Settings, file: Path, log: str | None = None) -> None:
        """log: the `logs` entry whose labels the lines get; else the one whose paths fit the file,
        else the only one. NotFound when there is no such entry or file."""
        if not file.is_file():
            raise NotFound(f"{file} is not a file")
        self.totals = Totals()
        self._file = file
        self._settings = settings
        self._policy = make_policy(settings)
        self._log = _log_of(settings, file, log)
        self._joiner = joiner_of(self._log) if self._log else None
        self._fold = Fold(self._policy, State(), Evaluator(settings.rules), gaps=False)
        self._stamps = Stamps(settings.tz)
        self._wall = utc_now()
        self._now: datetime | None = None

    def run(self) -> Iterator[Decided]:
        """The decisions, in order."""
        began = time.monotonic()
        for events, upto in self._batches():
            self.totals.events += len(events)
            for event in events:
                now = yield from self._pass_time(event.occurred_at)
                self._fold.event(event, now, now)
            now = yield from self._pass_time(upto)
            self._fold.tick(now)
            yield from self._take()
        # Let every group that waits be told once; nothing else happens any more.
        end = (self._now or self._wall) + _longest_wait(self._policy.route) + self._policy.ai_wait
        while (due := self._fold.grouping.next_due()) is not None and due <= end:
            self._fold.grouping.tick(due)
            yield from self._take()
        self.totals.alerts = self._fold.state.counters.get("ALT", 0)
        self.totals.seconds = round(time.monotonic() - began, 3)

    def _pass_time(self, until: datetime) -> Generator[Decided, None, datetime]:
        """Do what falls due before `until`; time never runs back. Returns the time it is then."""
        if self._now is None:
            self._now = until
            self._fold.tick(until)
        now = self._now
        while (due := self._fold.next_due()) is not None and due < until:
            now = max(due, now + _STEP)
            if now >= until:
                break
            self._fold.tick(now)
            yield from self._take()
        self._now = max(self._now, until)
        return self._now

    def _take(self) -> Iterator[Decided]:
        changes = self._fold.state.take_changes()
        self.totals.notifications += sum(n.kind != "event" for n in changes.notifications)
        for decision in changes.decisions:
            alert = changes.alerts.get(decision.alert) or self._fold.state.alerts.get(
                decision.alert
            )
            if alert is not None:
                yield Decided(
                    alert=alert.short_id,
                    name=alert.name,
                    labels=alert.labels,
                    at=iso(decision.at) or "",
                    summary=alert.summary,
                    verdict=decision.verdict,
                    reason=decision.reason,
                    by=decision.stages[-1].by,
                )

    def _batches(self) -> Iterator[tuple[list[Event], datetime]]:
        """Events, and the time it is when they have all happened."""
        with self._file.open("rb") as file:
            first = file.readline(CHUNK)
            file.seek(0)
            if first.lstrip().startswith(b"{") and b'"labels"' in first:
                yield from self._recorded(file)
            else:
                yield from self._read(file)

    def _recorded(self, file: BinaryIO) -> Iterator[tuple[list[Event], datetime]]:
        for line in file:
            self.totals.lines += 1
            if not line.strip():
                continue
            try:
                events = parse(line, SOURCE, self._wall).events
            except InvalidInput:
                log.warning("replay_line_skipped", line=self.totals.lines)
                continue
            if events:
                yield events, max(event.occurred_at for event in events)

    def _read(self, file: BinaryIO) -> Iterator[tuple[list[Event], datetime]]:
        labels = dict(self._log.labels) if self._log else {}
        scanner = RuleScanner.for_labels(self._settings.rules, labels)
        yield [], self._first_moment(file)
        rest = b""
        while chunk := file.read(CHUNK):
            chunk = rest + chunk
            end = chunk.rfind(b"\n") + 1
            if end and self._joiner is not None:
                end = self._joiner.settled(chunk[:end])
            rest, whole = (chunk[end:], chunk[:end]) if end else (b"", chunk)
            yield self._hits(scanner, whole, labels)
        if rest:
            yield self._hits(scanner, rest, labels)

    def _first_moment(self, file: BinaryIO) -> datetime:
        """The time of the first line that tells one; a file may begin with lines that do not."""
        lines = file.read(CHUNK).split(b"\n", _TRIED)[:_TRIED]
        file.seek(0)
        stamps = (self._stamps.of(line, self._wall) for line in lines)
        return next((stamp for stamp in stamps if stamp is not None), self._wall)

    def _hits(
        self, scanner: RuleScanner, lines: bytes, labels: dict[str, str]
    ) -> tuple[list[Event], datetime]:
        self.totals.lines += lines.count(b"\n") + (not lines.endswith(b"\n"))
        encoding = self._log.encoding if self._log else "utf-8"
        text, _bad = readable(lines, encoding)
        joined = text
        if self._joiner is not None:
            text, joined = self._joiner.join(text)
        source = f"log:{self._log.name if self._log else SOURCE}"
        last = text.rstrip(b"\n").rsplit(b"\n", 1)[-1]
        at = self._now or self._wall
        events = []
        for hit in scanner.scan(joined):
            self.totals.matched += bool(hit.rules)
            at = self._stamps.of(hit.line, self._wall) or at
            events.append(
                Event(
                    source=source,
                    occurred_at=at,
                    labels=labels,
                    body=redact(text[hit.offset : hit.offset + len(hit.line)].decode()),
                    rules=hit.rules,
                    clears=hit.clears,
                )
            )
        return events, self._stamps.of(last, self._wall) or at


def _log_of(settings: Settings, file: Path, wanted: str | None) -> LogSource | None:
    if wanted is not None:
        for log_source in settings.logs:
            if log_source.name == wanted:
                return log_source
        raise NotFound(f"the settings have no log {wanted!r}")
    for log_source in settings.logs:
        if any(fnmatch.fnmatch(str(file), path) for path in log_source.paths):
            return log_source
    return settings.logs[0] if len(settings.logs) == 1 else None


def _longest_wait(route: Route) -> timedelta:
    return max([route.group_wait, *map(_longest_wait, route.children)])
