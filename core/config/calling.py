"""Who may be called: the names in escalation policies and on-call schedules must be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.config.oncall import Schedule
from core.config.settings import RouteSettings, Settings
from core.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from core.oncall.calendar import Imported

Channels = Callable[[str, str], Iterable[Problem]]
"""(path, channel) → why the channel cannot be told anything."""


def check_escalation(settings: Settings, channels: Channels) -> Iterator[Problem]:
    """Receivers, channels, people and schedules that the policies name."""
    receivers = {r.name for r in settings.receivers}
    people = {p.name for p in settings.people}
    schedules = {s.name for s in settings.schedules}
    for i, policy in enumerate(settings.escalation):
        if policy.fallback and policy.fallback not in receivers:
            yield Problem(f"escalation[{i}].fallback", f"there is no receiver {policy.fallback!r}")
        for j, step in enumerate(policy.steps):
            path = f"escalation[{i}].steps[{j}]"
            for k, name in enumerate(step.notify):
                if name not in receivers:
                    yield from channels(f"{path}.notify[{k}]", name)
            for k, name in enumerate(step.mention):
                at = f"{path}.mention[{k}]"
                schedule = name.removeprefix("@")
                if name in people and name in schedules:
                    yield Problem(
                        at, f"{name!r} is a person and a schedule; write @{name} for the schedule"
                    )
                elif name not in people and schedule not in schedules:
                    yield Problem(at, f"there is neither a person nor a schedule {name!r}")


def check_schedules(settings: Settings) -> Iterator[Problem]:
    """People that the schedules name, and calendars' files that cannot be read."""
    people = {p.name for p in settings.people}
    for i, schedule in enumerate(settings.schedules):
        path = f"schedules[{i}]"
        named = [
            (f"{path}.layers[{j}].people[{k}]", name)
            for j, layer in enumerate(schedule.layers)
            for k, name in enumerate(layer.people)
        ]
        named += [
            (f"{path}.overrides[{j}].person", o.person) for j, o in enumerate(schedule.overrides)
        ]
        for at, name in named:
            if name not in people:
                yield Problem(at, f"there is nobody called {name!r} in people")
        if not schedule.layers and not schedule.ical and not schedule.overrides:
            yield Problem(path, "needs layers, or a calendar in ical")
        if schedule.ical:
            try:
                _calendar(schedule, settings)
            except InvalidInput as error:
                yield Problem(f"{path}.ical", str(error))


def doubts_about_calling(settings: Settings) -> Iterator[Problem]:
    """What works, but calls nobody: worth a warning."""
    yield from _unused(settings)
    yield from _unreachable(settings)
    for i, schedule in enumerate(settings.schedules):
        if schedule.ical:
            for name in _calendar(schedule, settings).unknown:
                yield Problem(
                    f"schedules[{i}].ical", f"{name!r} is nobody in people and cannot be called"
                )


def _unused(settings: Settings) -> Iterator[Problem]:
    def named(route: RouteSettings) -> set[str]:
        found = {route.escalation or ""}
        return found.union(*(named(child) for child in route.routes))

    used = named(settings.route)
    for i, policy in enumerate(settings.escalation):
        if policy.name not in used:
            yield Problem(f"escalation[{i}]", f"no route names {policy.name!r}")


def _unreachable(settings: Settings) -> Iterator[Problem]:
    """People that a DingTalk robot has no number or id of."""
    if not any(channel.type.startswith("dingtalk") for channel in settings.channels):
        return
    silent = {p.name for p in settings.people if not p.mobile and not p.dingtalk_user_id}
    for i, policy in enumerate(settings.escalation):
        for j, step in enumerate(policy.steps):
            for k, name in enumerate(step.mention):
                if name in silent:
                    path = f"escalation[{i}].steps[{j}].mention[{k}]"
                    yield Problem(path, f"{name!r} has neither mobile nor dingtalk_user_id")


def _calendar(schedule: Schedule, settings: Settings) -> Imported:
    # The libraries take a moment to import, and few settings have a calendar.
    from core.oncall.calendar import read_calendar

    tz = ZoneInfo(schedule.timezone)
    return read_calendar(Path(schedule.ical), settings.people, tz, datetime.now(UTC))
