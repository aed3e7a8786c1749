"""Reading many alerts from the fold's memory while the event loop goes on.

The fold lives in the event loop, so what is read between two pauses is of one moment. Reading
100,000 alerts takes seconds of work: it is done in slices of SLICE.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import numpy as np

from bot.http.alertmanager.fingerprint import Hashes, fingerprints
from bot.http.alertmanager.query import Query
from bot.http.alertmanager.shape import AlertStatus, GettableAlert, Named
from bot.http.route import Call
from core.clock import iso
from core.decide.fingerprint import of_labels
from core.decide.fold import Fold
from core.decide.inhibit import inhibitor_of
from core.decide.route import Route
from core.model.alert import Alert
from core.model.event import API_V2

T = TypeVar("T")
SLICE = 0.005  # seconds
LOOKED_AT = 32  # alerts between two looks at the clock
HASHED_AT_ONCE = 2000
SORTED_AT_ONCE = 2000
PATIENCE = 2.0  # seconds that a read waits for what was accepted before it to be decided


class Standing(msgspec.Struct, frozen=True, gc=False):
    """An alert as it stands now: the routes that take it, and what keeps it quiet.

    labels: as its sender gave them.
    """

    alert: Alert
    labels: dict[str, str]
    routes: list[Route]
    silenced_by: list[str]
    inhibitor: Alert | None


class Reading(msgspec.Struct, frozen=True):
    """What a query found. by_fingerprint: the order in which alerts are shown."""

    standing: list[Standing]
    hashes: Hashes
    inhibitors: dict[str, str]  # id of an alert that inhibits → its fingerprint
    query: Query
    now: datetime
    fold: Fold

    def by_fingerprint(self) -> Iterator[int]:
        """Places in `standing`, by fingerprint."""
        return (int(i) for i in np.argsort(self.hashes, kind="stable"))

    def shown(self, place: int) -> GettableAlert:
        """An alert in Alertmanager's shape."""
        one = self.standing[place]
        alert, inhibitor = one.alert, one.inhibitor
        quiet = bool(one.silenced_by or inhibitor)
        return GettableAlert(
            labels=one.labels,
            annotations=alert.annotations,
            fingerprint=f"{self.hashes[place]:016x}",
            starts_at=iso(alert.starts_at) or "",
            ends_at=iso(self._ends_at(alert)) or "",
            updated_at=iso(alert.last_seen) or "",
            receivers=[Named(route.receiver) for route in one.routes],
            status=AlertStatus(
                "suppressed" if quiet else "active",
                one.silenced_by,
                [self.inhibitors[inhibitor.id]] if inhibitor else [],
            ),
            generator_url=alert.links.get("generator", ""),
        )

    def _ends_at(self, alert: Alert) -> datetime:
        """Alertmanager always tells an end: the one that was named, or that of the timeout."""
        policy = self.fold.policy
        after = policy.expires_after(alert.source, alert.rule)
        if alert.ends_at is not None:
            return alert.ends_at
        return alert.last_seen + after if after else self.now + policy.resolve_timeout


async def read(call: Call, query: Query) -> Reading:
    """The firing alerts that a query asks for, with what was accepted before it.

    StoreError when there is no state to read from.
    """
    fold, now = await call.parts.loop.look(PATIENCE), call.parts.clock()
    found: list[Standing] = []
    async for alert in sliced(list(fold.firing())):
        one = _standing(alert, fold, query, now)
        if one is not None:
            found.append(one)
    inhibitors = list({s.inhibitor.id: s.inhibitor for s in found if s.inhibitor}.values())
    of_inhibitors = await _hashes([labels_of(alert) for alert in inhibitors])
    names = {a.id: f"{h:016x}" for a, h in zip(inhibitors, of_inhibitors, strict=True)}
    return Reading(found, await _hashes([s.labels for s in found]), names, query, now, fold)


def _standing(alert: Alert, fold: Fold, query: Query, now: datetime) -> Standing | None:
    """None when the alert is over, or not asked for."""
    if alert.status != "firing" or (alert.ends_at is not None and alert.ends_at <= now):
        return None
    labels = labels_of(alert)
    if not query.labels_fit(labels):
        return None
    routes = fold.policy.route.matching(alert.labels)
    if not query.receivers_fit([route.receiver for route in routes]):
        return None
    silences = [s.id for s in fold.state.silences if s.active(now) and s.matches(alert.labels)]
    inhibitor = inhibitor_of(alert, fold.inhibitors)
    if not query.state_fits(silenced=bool(silences), inhibited=inhibitor is not None):
        return None
    return Standing(alert, labels, routes, silences, inhibitor)


def labels_of(alert: Alert) -> dict[str, str]:
    """An alert's labels as they were sent: without the name that it was given here, and with the
    sender's word where the settings know better how severe it is."""
    if alert.source != API_V2:
        return alert.labels
    known_by = alert.fingerprint
    return next((sent for sent in _sent(alert.labels) if of_labels(sent) == known_by), alert.labels)


def _sent(labels: dict[str, str]) -> Iterator[dict[str, str]]:
    """What may have become these labels."""
    yield labels
    yield _without(labels, "alertname")
    word = labels.get("severity_raw")
    if word is not None:
        graded = _without(labels, "severity", "severity_raw")
        before = {**graded, "severity": word} if word else graded
        yield before
        yield _without(before, "alertname")


def _without(labels: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in names}


async def _hashes(label_sets: list[dict[str, str]]) -> Hashes:
    parts = []
    for start in range(0, len(label_sets), HASHED_AT_ONCE):
        parts.append(fingerprints(label_sets[start : start + HASHED_AT_ONCE]))
        await asyncio.sleep(0)
    return np.concatenate(parts) if parts else fingerprints([])


async def sliced(items: Iterable[T]) -> AsyncIterator[T]:
    """One after the other, with the event loop let go after every SLICE."""
    began = time.monotonic()
    for number, item in enumerate(items):
        yield item
        if number % LOOKED_AT == 0 and time.monotonic() - began > SLICE:
            await asyncio.sleep(0)
            began = time.monotonic()


async def ordered(items: list[T], key: Callable[[T], Any]) -> Iterator[T]:
    """Sorted; the event loop waits for no more than a part of it at a time."""
    parts = []
    for start in range(0, len(items), SORTED_AT_ONCE):
        parts.append(sorted(items[start : start + SORTED_AT_ONCE], key=key))
        await asyncio.sleep(0)
    return heapq.merge(*parts, key=key)
