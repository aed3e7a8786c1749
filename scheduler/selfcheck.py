"""tocsin watches itself: its own troubles become events of source `self`, like any others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

import msgspec

from core.clock import Clock, utc_now
from core.model.event import Event, Severity
from core.text import say


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One figure and its two limits. name: the alert's; text: key of its sentence (`self.…`).

    labels: tell one such alert from another (`{"channel": "ops"}`).
    """

    name: str
    text: str
    value: float
    warning: float
    critical: float
    labels: dict[str, str] = {}

    @property
    def severity(self) -> Severity | None:
        """How bad it is; None when all is well."""
        if self.value >= self.critical:
            return "critical"
        return "warning" if self.value >= self.warning else None


Probe = Callable[[datetime], Awaitable[Iterable[Reading]]]


class SelfCheck:
    """Takes readings and reports what changed. Run `look()` every few seconds."""

    def __init__(
        self,
        probes: Iterable[Probe],
        report: Callable[[Event], Awaitable[None]],
        language: str,
        clock: Clock = utc_now,
    ) -> None:
        self._probes = tuple(probes)
        self._report = report
        self._language = language
        self._clock = clock
        # What was last said of each reading. A restart says everything once; that is harmless,
        # since the same alert twice is one alert, and the end of none is nothing.
        self._said: dict[tuple[str, ...], Severity | None] = {}

    async def look(self) -> None:
        """Read all figures; report those whose severity is another than last time."""
        now = self._clock()
        seen: dict[tuple[str, ...], Reading] = {}
        for probe in self._probes:
            for reading in await probe(now):
                seen[reading.name, *reading.labels.values()] = reading
        for key, reading in seen.items():
            if key not in self._said or self._said[key] != reading.severity:
                await self._report(self._event(reading, now))
                self._said[key] = reading.severity

    def _event(self, reading: Reading, now: datetime) -> Event:
        severity = reading.severity
        limit = reading.critical if severity == "critical" else reading.warning
        summary = (
            say(reading.text, self._language, value=reading.value, limit=limit, **reading.labels)
            if severity
            else say("self.cleared", self._language)
        )
        return Event(
            source="self",
            occurred_at=now,
            labels={"alertname": reading.name, "app": "tocsin", **reading.labels},
            annotations={"summary": summary},
            severity=severity or "info",
            status="firing" if severity else "resolved",
        )
