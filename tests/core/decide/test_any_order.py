"""Whatever happens in whatever order: nothing is lost, nothing is told too often or too early.

Stories are made up: events, what people do, time that passes, clocks that jump, and restarts,
each of which writes to a real database and loads the fold from it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from core.config.settings import Settings
from core.decide.fold import Fold
from core.decide.people import People
from core.decide.policy import make_policy
from core.errors import Conflict, InvalidInput, NotFound
from core.model.alert import Alert
from core.model.event import Event
from core.model.matcher import parse_matchers
from core.model.notification import Notification
from core.store import schema
from core.store.decided import load_state, make_batch, save
from core.store.rows import from_row
from tests.core.decide.story import T0

INTERVAL = timedelta(minutes=1)
PLAIN: dict[str, Any] = {
    "channels": [{"name": "room", "type": "web"}, {"name": "room2", "type": "web"}],
    "receivers": [{"name": "r", "channels": ["room"]}, {"name": "r2", "channels": ["room2"]}],
    "route": {
        "receiver": "r",
        "group_by": ["alertname"],
        "group_wait": "10s",
        "group_interval": "1m",
        "repeat_interval": "30m",
        "routes": [{"matchers": ['team="db"'], "receiver": "r2", "continue": True},
                   {"matchers": ['alertname=~".*"'], "receiver": "r"}],
    },
    "inhibit": [{"source": ['alertname="Down"'], "target": ['alertname!="Down"'],
                 "equal": ["host"]}],
    "resolve_timeout": "5d",
    "flapping": {"enabled": False},
    "silences": {"remind": "0s"},
    "language": "en",
}  # fmt: skip
EVERYTHING: dict[str, Any] = {
    **PLAIN,
    "receivers": [{"name": "r", "channels": ["room"], "throttle": {"max": 2, "per": "1m"}},
                  {"name": "r2", "channels": ["room2"]}],
    "flapping": {"changes": 3, "within": "10m", "calm": "3m"},
    "damping": [{"matchers": ['alertname="Ping"'], "fire": 2, "of": 3, "clears": 2}],
    "time_intervals": [{"name": "odd", "time_intervals": [
        {"times": [{"start_time": "00:10", "end_time": "00:20"}]}]}],
    "maintenance": [{"name": "db", "matchers": ['team="db"'], "time_intervals": ["odd"]}],
    "severity": [{"matchers": ['host="h3"'], "set": "info"}],
}  # fmt: skip


class Told(NamedTuple):
    """A notification without what differs from run to run."""

    at: datetime
    channel: str
    kind: str
    incident: int | None
    alerts: tuple[int, ...]


class World:
    """A fold with a database: `restart` commits and loads anew."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.policy = make_policy(Settings.model_validate(raw))
        self.engine = create_engine("sqlite://")
        schema.metadata.create_all(self.engine)
        self.now = T0
        self.log: list[Notification] = []
        self.severities: dict[tuple[datetime, str], str] = {}
        self.numbers: dict[str, int] = {}
        self.accepted: Counter[str] = Counter()
        self.load()

    def load(self) -> None:
        with self.engine.begin() as connection:
            state, _seq = load_state(connection, self.now)
        self.fold = Fold(self.policy, state, lambda event: [])
        self.people = People(self.policy, state, self.fold.grouping)

    def commit(self) -> None:
        state = self.fold.state
        changes = state.take_changes()
        self.log += changes.notifications
        for alert in state.alerts.values():
            self.numbers[alert.id] = alert.number
        with self.engine.begin() as connection:
            save(connection, make_batch(state, changes, 0), lambda c, works: None)
        self.check()

    def restart(self) -> None:
        self.commit()
        self.load()
        self.fold.tick(self.now)

    def check(self) -> None:
        """What must hold at every moment."""
        state = self.fold.state
        keys = Counter(i.key for i in state.incidents.values() if i.status != "resolved")
        assert max(keys.values(), default=1) == 1
        for alert in self.fold.firing():
            last = state.stages[alert.id][-1]
            if alert.id in state.suppressed:
                continue
            incident = state.incidents[alert.incident or 0]
            if incident.held:
                continue  # a person said so; it comes back
            assert incident.status != "resolved", last
            groups = [state.groups[k] for k in state.groups_of[alert.id]]
            assert groups
            told = all(g.members[alert.id] for g in groups)
            assert told or any(g.flush_at for g in groups), last

    # What happens

    def do(self, step: tuple[Any, ...]) -> None:
        name, *values = step
        getattr(self, f"do_{name}")(*values)
        self.commit()

    def do_tell(self, name: str, host: str, status: Any, severity: str) -> None:
        team = {"team": "db"} if host == "h2" else {}
        event = Event("api", self.now, {"alertname": name, "host": host, **team}, status=status,
                      severity=severity)  # fmt: skip
        self.fold.event(event, self.now, self.now)
        self.accepted[f"{name} {host}"] += status == "firing"

    def do_person(self, what: str, number: int, minutes: int) -> None:
        newest = max(self.fold.state.incidents, default=0) - number
        until = timedelta(minutes=minutes) if minutes % 2 else None
        try:
            if what == "ack":
                self.people.acknowledge(newest, "p", "", until, self.now)
            else:
                getattr(self.people, what)(newest, "p", "", self.now)
        except (Conflict, NotFound):
            return

    def do_silence(self, matcher: str, minutes: int, kind: Any) -> None:
        end = self.now + timedelta(minutes=minutes)
        self.people.add_silence(parse_matchers([matcher]), self.now, end, "c", "p", self.now, kind)

    def do_unsilence(self, number: int, minutes: int) -> None:
        silences = [s for s in self.fold.state.silences if s.ends_at > self.now]
        if not silences:
            return
        silence = silences[number % len(silences)]
        try:
            if minutes:
                end = self.now + timedelta(minutes=minutes)
                self.people.change_silence(
                    silence.number, silence.matchers, silence.starts_at, end, "c", "p", self.now
                )
            else:
                self.people.expire_silence(silence.number, "p", self.now)
        except (Conflict, InvalidInput):
            return

    def do_wait(self, seconds: int) -> None:
        end = self.now + timedelta(seconds=seconds)
        step = timedelta(seconds=1 if seconds < 1000 else 5)
        while self.now < end:
            self.now = min(end, self.now + step)
            self.fold.tick(self.now)

    def do_jump(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.fold.tick(self.now)

    def do_tick(self) -> None:
        self.fold.tick(self.now)

    def do_restart(self) -> None:
        self.restart()

    # What came of it

    def told(self) -> list[Told]:
        return sorted(
            Told(n.created_at, n.channel, n.kind, n.incident,
                 tuple(sorted(self.numbers[i] for i in n.alerts)))
            for n in self.log
        )  # fmt: skip

    def outcome(self) -> dict[str, Any]:
        """All that people can see of it."""
        with self.engine.begin() as connection:
            return {
                "told": self.told(),
                "alerts": _shown(connection, schema.alerts, "id"),
                "incidents": _shown(connection, schema.incidents, "id"),
                "timeline": _shown(connection, schema.timeline, "seq"),
                "silences": _shown(connection, schema.silences, "id"),
                "decisions": sorted(
                    (self.numbers[row.alert], row.at, str(row.stages))
                    for row in connection.execute(select(schema.decisions))
                ),
            }

    def alerts(self) -> list[Alert]:
        with self.engine.begin() as connection:
            return [from_row(Alert, row) for row in connection.execute(select(schema.alerts))]

    def decided(self) -> dict[str, list[Any]]:
        """Decision records by id of the alert, oldest first."""
        found: dict[str, list[Any]] = defaultdict(list)
        with self.engine.begin() as connection:
            for row in connection.execute(
                select(schema.decisions).order_by(schema.decisions.c.seq)
            ):
                found[row.alert].append(row)
        return found


def _shown(connection: Connection, table: Any, without: str) -> list[str]:
    rows = connection.execute(select(table)).mappings()
    return sorted(str({k: v for k, v in row.items() if k != without}) for row in rows)


NAMES = st.sampled_from(["Disk", "Ping", "Down"])
HOSTS = st.sampled_from(["h1", "h2", "h3"])
STATUSES = st.sampled_from(["firing", "firing", "firing", "resolved"])
SEVERITIES = st.sampled_from(["warning", "warning", "info", "critical"])
WAITS = st.tuples(st.just("wait"), st.sampled_from([1, 5, 11, 30, 61, 200, 700]))
EVENTS = st.tuples(st.just("tell"), NAMES, HOSTS, STATUSES, SEVERITIES)
PEOPLE = st.tuples(
    st.just("person"), st.sampled_from(["ack", "unacknowledge", "resolve", "reopen"]),
    st.integers(0, 1), st.integers(1, 20),
)  # fmt: skip
SILENCES = st.tuples(
    st.just("silence"), st.sampled_from(['host="h1"', 'alertname="Disk"', 'host=~"h."']),
    st.integers(1, 30), st.sampled_from(["silence", "maintenance"]),
) | st.tuples(st.just("unsilence"), st.integers(0, 3), st.sampled_from([0, 0, 5, 60]))  # fmt: skip
JUMPS = st.tuples(st.just("jump"), st.sampled_from([-1, 1]))
RESTARTS = st.tuples(st.just("restart"))
STEPS = st.lists(EVENTS | WAITS | EVENTS | WAITS | PEOPLE | SILENCES | RESTARTS, max_size=30)
JUMPY = st.lists(EVENTS | WAITS | EVENTS | PEOPLE | SILENCES | RESTARTS | JUMPS, max_size=25)
QUICK = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.generate),  # shrinking such stories takes minutes
)
POLICIES = pytest.mark.parametrize("raw", [PLAIN, EVERYTHING], ids=["plain", "everything"])


def lived(raw: dict[str, Any], steps: list[tuple[Any, ...]], quiet: int = 7200) -> World:
    """A world in which all this happened, and then nothing for a while."""
    world = World(raw)
    for step in steps:
        world.do(step)
    world.do(("wait", quiet))
    return world


def all_is_told(world: World) -> None:
    """Every accepted event belongs to an alert; every alert was told, or its record says why not;
    an end was told only after its beginning, and each once a channel."""
    alerts, decided = world.alerts(), world.decided()
    counts = Counter[str]()
    for alert in alerts:
        counts[f"{alert.labels['alertname']} {alert.labels['host']}"] += alert.count
    assert counts == +world.accepted
    begun: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    over: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for n in world.log:
        for alert_id in n.alerts:
            if n.kind in {"firing", "digest"}:
                begun[n.channel, alert_id].append(n.created_at)
            elif n.kind == "resolved":
                over[n.channel, alert_id].append(n.created_at)
    told = {alert_id for _channel, alert_id in begun}
    for (channel, alert_id), ends in over.items():
        assert len(ends) == 1
        assert begun[channel, alert_id]
        assert min(begun[channel, alert_id]) <= ends[0]
    held = {i.number for i in world.fold.state.incidents.values() if i.held}
    for alert in alerts:
        records = decided[alert.id]
        assert records
        notified = [r for r in records if r.verdict == "notified"]
        assert bool(notified) == (alert.id in told)
        if alert.status == "firing" and alert.id not in told:
            assert records[-1].verdict == "suppressed" or alert.incident in held, records[-1]


def never_too_often(world: World) -> None:
    """Of one incident a channel hears at most once a group_interval, but for what is critical,
    and for the end of an incident whose place a new one took."""
    newest: dict[str, int] = {}
    with world.engine.begin() as connection:
        keys = {r.number: r.key for r in connection.execute(select(schema.incidents))}
    for number, key in keys.items():
        newest[key] = max(number, newest.get(key, 0))
    critical = {
        (n.created_at, n.channel)
        for n in world.log
        for alert in n.alerts
        if n.kind in {"firing", "digest"} and '"severity":"critical"' in n.payload
    }
    moments: dict[tuple[str, int], set[datetime]] = defaultdict(set)
    for n in world.log:
        if n.incident is not None:
            moments[n.channel, n.incident].add(n.created_at)
    for (channel, number), told in moments.items():
        ordered = sorted(told)
        for before, after in pairwise(ordered):
            if after - before < INTERVAL and newest[keys[number]] == number:
                assert (after, channel) in critical


@POLICIES
@QUICK
@given(steps=STEPS)
def test_nothing_is_lost_doubled_or_told_too_often(
    raw: dict[str, Any], steps: list[tuple[Any, ...]]
) -> None:
    world = lived(raw, steps)
    all_is_told(world)
    never_too_often(world)


@POLICIES
@QUICK
@given(steps=STEPS)
def test_a_fold_in_pieces_is_the_fold_at_once(
    raw: dict[str, Any], steps: list[tuple[Any, ...]]
) -> None:
    once = lived(raw, [s for step in steps for s in (step, ("tick",)) if s[0] != "restart"])
    pieces = lived(raw, [s for step in steps for s in (step, ("restart",))])
    expected, found = once.outcome(), pieces.outcome()
    for part, value in expected.items():
        assert found[part] == value, part


@POLICIES
@QUICK
@given(steps=JUMPY)
def test_clocks_that_jump_leave_nothing_stuck(
    raw: dict[str, Any], steps: list[tuple[Any, ...]]
) -> None:
    all_is_told(lived(raw, steps, quiet=3 * 3600))
