"""A schedule: layers, over them a calendar, over all the overrides. Pure; times are handed in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from core.config.oncall import Schedule as ScheduleSettings
from core.oncall.layer import Layer, in_utc, make_layer
from core.oncall.span import Span, Spans

_FORESEEN = timedelta(days=400)
_STEPS = 1000


class Duty(msgspec.Struct, frozen=True):
    """Someone, or nobody (person empty), from a moment on. ends_at None: no end is in sight.

    via: `layer 2`, `OVR-3`, `config.yaml`, or the calendar's file; that of its beginning.
    """

    person: str
    starts_at: datetime
    ends_at: datetime | None
    via: str


class Schedule:
    """Who is on call when. At each instant it is one person or nobody."""

    def __init__(
        self,
        name: str,
        tz: ZoneInfo,
        layers: tuple[Layer, ...],
        calendar: Spans | None = None,
        overrides: Spans | None = None,
    ) -> None:
        self.name = name
        self.tz = tz
        self._layers = layers
        self._calendar = calendar or Spans(())
        self._overrides = overrides or Spans(())

    def at(self, at: datetime) -> tuple[str, str]:
        """Who is on call at `at` and what says so; two empty texts when nobody is."""
        for spans in (self._overrides, self._calendar):
            span = spans.at(at)
            if span is not None:
                return span.person, span.via
        for number, layer in reversed(list(enumerate(self._layers, 1))):
            person = layer.person(at)
            if person is not None:
                return person, f"layer {number}"
        return "", ""

    def next_change(self, at: datetime) -> datetime | None:
        """The first moment after `at` at which `at()` may give something else."""
        moments = [spans.next_change(at) for spans in (self._overrides, self._calendar)]
        moments += [layer.next_change(at) for layer in self._layers]
        return min((m for m in moments if m is not None), default=None)

    def duties(self, at: datetime) -> Iterator[Duty]:
        """Who is on call at `at`, who comes then, and so on; the last one has no end in sight."""
        person, via = self.at(at)
        began = at
        moment = self.next_change(at)
        for _step in range(_STEPS):
            if moment is None or moment - at > _FORESEEN:
                break
            following, by = self.at(moment)
            if following != person:
                yield Duty(person, began, moment, via)
                person, via, began = following, by, moment
            moment = self.next_change(moment)
        yield Duty(person, began, None, via)


def make_schedule(
    settings: ScheduleSettings,
    calendar: Spans | None = None,
    overrides: tuple[Span, ...] = (),
) -> Schedule:
    """A schedule of the settings. overrides: those made by people, over those of the settings."""
    tz = ZoneInfo(settings.timezone)
    written = tuple(
        Span(o.person, in_utc(o.start, tz), in_utc(o.end, tz), "config.yaml")
        for o in settings.overrides
    )
    return Schedule(
        settings.name,
        tz,
        tuple(make_layer(layer, tz) for layer in settings.layers),
        calendar,
        Spans((*written, *overrides)),
    )
