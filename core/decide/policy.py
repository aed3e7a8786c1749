"""What the settings say about deciding, compiled once a load."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from core.config.rules import Rule
from core.config.settings import Settings
from core.decide.beat import Beat
from core.decide.history import Damping, Flapping
from core.decide.identity import Identity, identified
from core.decide.inhibitors import Inhibition
from core.decide.plan import Plan, plans_of
from core.decide.planned import Maintenance
from core.decide.regrade import Regrade, regraded
from core.decide.route import Route, route_tree
from core.decide.signal import Signal
from core.model.event import Severity
from core.model.time_interval import TimeInterval, TimeSpan


class Subscriber(msgspec.Struct, frozen=True):
    """A webhook channel with `events`. routed: a receiver names it, so it hears only of that."""

    channel: str
    events: tuple[str, ...]
    routed: bool

    def wants(self, event_type: str) -> bool:
        """Whether its globs admit the type; no globs admit all."""
        return not self.events or any(fnmatch.fnmatchcase(event_type, g) for g in self.events)


class Policy(msgspec.Struct, frozen=True):
    """ai_wait: how long a first message that is not critical waits for the model; 0 when off.

    schedules: when a rule is in force, by its name; rules that always are do not stand there.
    rule_versions: by name, of the rules in force; empty where they have none (replay, tests).
    told: the channels that receivers name.
    """

    route: Route
    inhibitions: tuple[Inhibition, ...]
    maintenances: tuple[Maintenance, ...]
    beats: tuple[Beat, ...]
    identities: tuple[Identity, ...]
    regrades: tuple[Regrade, ...]
    routes_grade: bool
    silence_reminder: timedelta
    told: frozenset[str]
    flapping: Flapping
    dampings: tuple[Damping, ...]
    plans: dict[str, Plan]
    rules: dict[str, Rule]
    schedules: dict[str, TimeInterval]
    rule_versions: dict[str, int]
    resolve_timeout: timedelta
    ai_wait: timedelta
    subscribers: tuple[Subscriber, ...]
    language: str

    def adjusted(self, signal: Signal) -> Signal:
        """What the settings make of a signal: who it is, and how bad."""
        if self.identities:
            signal = identified(signal, self.identities)
        if self.regrades or self.routes_grade:
            signal = regraded(signal, self.regrades, self.route if self.routes_grade else None)
        return signal

    def expires_after(self, source: str, rule: str) -> timedelta | None:
        """How long an alert may stay silent before it counts as resolved; None for ever.

        A rule's own `resolve.after` wins. A rule with only a resolve line waits for that line.
        Hooks, watched directories and tocsin's own checks tell the end themselves: an
        Alertmanager repeats itself only every few hours, and a silence of minutes means nothing.
        An absence ends when what was missed is seen; of a spike or a change nobody tells the end.
        """
        known = self.rules.get(rule)
        if known is not None and known.absence is not None:
            return known.resolve.after
        if known is not None and (known.resolve.after or known.resolve.match):
            return known.resolve.after
        tells_ends = known is None or known.over_time is None or known.for_.count > 1
        if tells_ends and source.startswith(("hook:", "file:", "self")):
            return None
        return self.resolve_timeout

    def first_wait(self, route: Route, severity: Severity) -> timedelta:
        """From a group's first alert to its first message."""
        if severity == "critical":
            return route.group_wait
        return max(route.group_wait, self.ai_wait)


def beats_of(settings: Settings) -> tuple[Beat, ...]:
    """What the heartbeats of the settings wait for."""
    return tuple(Beat(h.name, h.source, tuple(h.matchers)) for h in settings.heartbeats)


def make_policy(settings: Settings) -> Policy:
    """Compile the settings."""
    named = {c for r in settings.receivers for c in r.channels}
    stepped = {n for p in settings.escalation for s in p.steps for n in s.notify}
    intervals = {i.name: i.interval(settings.tz) for i in settings.time_intervals}
    route = route_tree(settings, intervals)
    return Policy(
        route=route,
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
        beats=beats_of(settings),
        identities=tuple(
            Identity(i, f.source, tuple(f.matchers), tuple(f.fields), frozenset(f.without))
            for i, f in enumerate(settings.fingerprint)
        ),
        regrades=tuple(
            Regrade(i, tuple(s.matchers), s.set) for i, s in enumerate(settings.severity)
        ),
        routes_grade=any(r.severity for r in route.walk()),
        silence_reminder=settings.silences.remind,
        told=frozenset(named),
        flapping=Flapping(
            settings.flapping.enabled,
            settings.flapping.changes,
            settings.flapping.within,
            settings.flapping.calm,
        ),
        dampings=tuple(
            Damping(tuple(d.matchers), d.fire, d.of, d.clears) for d in settings.damping
        ),
        plans=plans_of(settings, settings.route.receiver or ""),
        rules={r.name: r for r in settings.rules if r.enabled},
        schedules=schedules_of(settings.rules, settings),
        rule_versions={},
        resolve_timeout=settings.resolve_timeout,
        ai_wait=settings.ai.wait if settings.ai.enabled else timedelta(0),
        subscribers=tuple(
            Subscriber(c.name, tuple(c.events), c.name in named or not c.events)
            for c in settings.channels
            if c.type == "webhook" and (c.events or c.name in named or c.name in stepped)
        ),
        language=settings.language,
    )


def schedules_of(rules: Iterable[Rule], settings: Settings) -> dict[str, TimeInterval]:
    """When the rules are in force that have a schedule, by name."""
    intervals = {i.name: i.interval(settings.tz) for i in settings.time_intervals}
    return {r.name: _in_force(r, intervals, settings.tz) for r in rules if r.schedule}


def _in_force(rule: Rule, intervals: Mapping[str, TimeInterval], local: ZoneInfo) -> TimeInterval:
    spans: list[TimeSpan] = []
    for entry in rule.schedule:
        spans += intervals[entry].spans if isinstance(entry, str) else [entry.span(local)]
    return TimeInterval(rule.name, tuple(spans))
