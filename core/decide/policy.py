"""What the settings say about deciding, compiled once a load."""

from __future__ import annotations

import fnmatch
from datetime import timedelta

import msgspec

from core.config.rules import Rule
from core.config.settings import Settings
from core.decide.inhibitors import Inhibition
from core.decide.planned import Maintenance
from core.decide.route import Route, route_tree
from core.model.event import Severity


class Subscriber(msgspec.Struct, frozen=True):
    """A webhook channel with `events`. routed: a receiver names it, so it hears only of that."""

    channel: str
    events: tuple[str, ...]
    routed: bool

    def wants(self, event_type: str) -> bool:
        """Whether its globs admit the type; no globs admit all."""
        return not self.events or any(fnmatch.fnmatchcase(event_type, g) for g in self.events)


class Policy(msgspec.Struct, frozen=True):
    """ai_wait: how long a first message that is not critical waits for the model; 0 when off."""

    route: Route
    inhibitions: tuple[Inhibition, ...]
    maintenances: tuple[Maintenance, ...]
    rules: dict[str, Rule]
    resolve_timeout: timedelta
    ai_wait: timedelta
    subscribers: tuple[Subscriber, ...]
    language: str

    def expires_after(self, source: str, rule: str) -> timedelta | None:
        """How long an alert may stay silent before it counts as resolved; None for ever.

        A rule's own `resolve.after` wins. A rule with only a resolve line waits for that line.
        Hooks, watched directories and tocsin's own checks tell the end themselves: an
        Alertmanager repeats itself only every few hours, and a silence of minutes means nothing.
        """
        known = self.rules.get(rule)
        if known is not None and (known.resolve.after or known.resolve.match):
            return known.resolve.after
        if source.startswith(("hook:", "file:", "self")):
            return None
        return self.resolve_timeout

    def first_wait(self, route: Route, severity: Severity) -> timedelta:
        """From a group's first alert to its first message."""
        if severity == "critical":
            return route.group_wait
        return max(route.group_wait, self.ai_wait)


def make_policy(settings: Settings) -> Policy:
    """Compile the settings."""
    named = {c for r in settings.receivers for c in r.channels}
    intervals = {i.name: i.interval(settings.tz) for i in settings.time_intervals}
    return Policy(
        route=route_tree(settings, intervals),
        inhibitions=tuple(
            Inhibition(tuple(i.source), tuple(i.target), tuple(i.equal)) for i in settings.inhibit
        ),
        maintenances=tuple(
            Maintenance(
                m.name,
                tuple(m.matchers),
                tuple(intervals[name] for name in m.time_intervals),
                m.comment,
            )
            for m in settings.maintenance
        ),
        rules={r.name: r for r in settings.rules if r.enabled},
        resolve_timeout=settings.resolve_timeout,
        ai_wait=settings.ai.wait if settings.ai.enabled else timedelta(0),
        subscribers=tuple(
            Subscriber(c.name, tuple(c.events), c.name in named)
            for c in settings.channels
            if c.type == "webhook" and (c.events or c.name in named)
        ),
        language=settings.language,
    )
