"""Rules with conditions over time, from the event to what fires, through the fold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.load import parse_settings
from core.decide.fold import Fold
from core.decide.policy import make_policy
from core.decide.state import State
from core.errors import ConfigError
from core.model.event import Event
from core.rule import Evaluator
from tests.core.decide.condition.restart import restarted

T0 = datetime(2026, 1, 5, 1, tzinfo=UTC)  # a Monday, 09:00 in Shanghai
BASE: dict[str, Any] = {
    "channels": [{"name": "room", "type": "web"}],
    "receivers": [{"name": "r", "channels": ["room"]}],
    "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
    "language": "en",
}


class Night:
    """A fold with one rule on JSON lines, and a clock."""

    def __init__(self, **rule: Any) -> None:
        whole = {"name": "r", "match": {"any": ["{"]}, "fields": {"from": "json"}, **rule}
        self.settings = parse_settings({**BASE, "rules": [whole]}, {})
        self.now = T0
        self.state = State()
        self.fold = Fold(make_policy(self.settings), self.state, Evaluator(self.settings.rules))
        self.fold.tick(self.now)

    def line(self, late: float = 0, **fields: Any) -> None:
        """A line that tells of a moment `late` seconds ago."""
        at = self.now - timedelta(seconds=late)
        body = msgspec.json.encode(fields).decode()
        event = Event("log:x", at, {"app": "shop"}, body=body, rules=("r",))
        self.fold.event(event, self.now, self.now)

    def wait(self, seconds: float, step: float = 1) -> None:
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=step))
            self.fold.tick(self.now)

    def restart(self, down: float = 0, **changed: Any) -> None:
        """A new fold on what was stored, with the same rule or another."""
        self.state.take_changes()
        self.state.memories = {k: restarted(m) for k, m in self.state.memories.items()}
        if changed:
            rule = {"name": "r", "match": {"any": ["{"]}, "fields": {"from": "json"}, **changed}
            self.settings = parse_settings({**BASE, "rules": [rule]}, {})
        policy = make_policy(self.settings)
        self.fold = Fold(policy, self.state, Evaluator(self.settings.rules))
        self.now += timedelta(seconds=down)

    @property
    def firing(self) -> list[str]:
        """Summaries of what fires."""
        return sorted(alert.summary for alert in self.fold.firing())


def test_counting_by_a_field() -> None:
    night = Night(
        **{"for": {"count": 3, "within": "1m", "by": ["user"]}}, summary="{user}: {count}"
    )
    for _ in range(2):
        night.line(user="a")
        night.line(user="b")
    assert night.firing == []
    night.line(user="a")
    assert night.firing == ["a: 3"]
    (alert,) = night.fold.firing()
    assert alert.labels["user"] == "a"
    night.line(user="a")
    assert night.firing == ["a: 4"]
    night.restart()
    night.line(user="b", late=30)
    assert night.firing == ["a: 4", "b: 3"]


def test_a_spike() -> None:
    night = Night(
        spike={"window": "1m", "ratio": 3, "min_count": 6},
        summary="{count} after {previous}",
        resolve={"after": "2m"},
    )
    for _ in range(12):  # two a minute for six minutes
        night.wait(30)
        night.line(n=1)
    assert night.firing == []
    night.restart()
    for _ in range(6):
        night.wait(1)
        night.line(n=1)
    assert night.firing == ["8 after 2"]
    night.wait(180)
    assert night.firing == []


def test_an_absence_is_raised_by_time_and_ends_when_it_is_seen() -> None:
    night = Night(absence={"for": "1m"}, severity="critical", where=['app="shop"'], owner="team")
    night.wait(59)
    assert night.firing == []
    night.wait(1)
    assert night.firing == ["Nothing for 1m: r"]
    (alert,) = night.fold.firing()
    assert (alert.severity, alert.labels) == (
        "critical",
        {"alertname": "r", "app": "shop", "owner": "team", "severity": "critical"},
    )
    night.wait(3600, step=10)  # no timeout ends it
    night.restart()
    assert len(night.firing) == 1
    night.line(beat=1)
    assert night.firing == []
    night.wait(59)
    night.restart(down=3)
    night.fold.tick(night.now)
    assert night.firing == []  # those who read are still starting
    night.wait(10)
    assert len(night.firing) == 1


def test_an_absence_of_each() -> None:
    night = Night(absence={"for": "1m"}, fingerprint=["host"], summary="{host} is silent for {for}")
    night.wait(300)
    assert night.firing == []  # nobody is known
    night.line(host="a")
    night.line(host="b")
    night.wait(40)
    night.line(host="b")
    night.wait(20)
    assert night.firing == ["a is silent for 1m"]
    night.restart()
    night.wait(40)
    assert night.firing == ["a is silent for 1m", "b is silent for 1m"]
    night.line(host="a")
    assert night.firing == ["b is silent for 1m"]


def test_no_absence_for_the_time_nobody_looked_or_a_clock_that_was_set() -> None:
    night = Night(absence={"for": "1m"})
    night.wait(30)
    night.restart(down=3600)
    night.fold.tick(night.now)
    night.wait(29)
    assert night.firing == []
    night.wait(1)
    assert len(night.firing) == 1
    night.line(n=1)
    for jump in (3600, -7200):
        night.now += timedelta(seconds=jump)
        night.fold.tick(night.now)
        assert night.firing == []
        night.line(n=1)
        night.wait(59)
        assert night.firing == []
        night.wait(2)
        assert len(night.firing) == 1
        night.line(n=1)
        assert night.firing == []


def test_no_absence_while_events_wait_to_be_folded() -> None:
    night = Night(absence={"for": "1m"})
    night.wait(30)
    accepted = night.now
    for _ in range(12):  # deciding is a minute behind
        night.now += timedelta(seconds=5)
        night.fold.event(Event("log:x", accepted, {}, body="{", rules=("r",)), accepted, night.now)
        night.fold.tick(night.now)
        accepted += timedelta(seconds=5)
    assert night.firing == []


def test_a_new_value() -> None:
    night = Night(
        new_value={"field": "user.name", "learn": "10m"}, summary="{user.name} is new here"
    )
    night.line(user={"name": "a"})
    night.wait(601)
    night.line(user={"name": "a"})
    night.line(user={})
    assert night.firing == []
    night.restart()
    night.line(user={"name": "b"})
    night.line(user={"name": "b"})
    assert night.firing == ["b is new here"]
    (alert,) = night.fold.firing()
    assert (alert.count, alert.labels["user.name"]) == (1, "b")
    night.wait(301)
    assert night.firing == []
    night.line(user={"name": "b"})
    assert night.firing == []


def test_a_change() -> None:
    night = Night(
        change={"field": "version", "by": ["host"]}, summary="{host}: {previous} → {version}"
    )
    for host in ("a", "b"):
        night.line(host=host, version="1")
    night.restart()
    night.line(host="a", version="2")
    night.line(host="a", version="1", late=20)
    night.line(host="b", version="1")
    assert night.firing == ["a: 1 → 2"]


def test_a_rule_is_in_force_by_its_schedule() -> None:
    span = {
        "weekdays": ["monday:friday"],
        "times": [{"start_time": "09:00", "end_time": "18:00"}],
        "location": "Asia/Shanghai",
    }
    night = Night(schedule=[span])
    night.line(n=1)
    assert len(night.firing) == 1
    night.wait(10 * 3600, step=60)
    assert night.firing == []
    night.line(n=1)
    assert night.firing == []
    # Outside of it an absence does not wait.
    night = Night(schedule=[span], absence={"for": "1h"})
    night.now += timedelta(hours=8, minutes=30)
    night.fold.tick(night.now)
    night.line(n=1)
    night.wait(15 * 3600 + 1800 + 1700, step=10)  # until 08:58:20 of the next day and 29 minutes
    assert night.firing == []
    night.wait(120, step=10)
    assert len(night.firing) == 1


def test_what_is_remembered_goes_on_while_the_condition_is_the_same() -> None:
    counting = {"for": {"count": 3, "within": "1m"}}
    night = Night(**counting)
    night.line(n=1)
    night.line(n=1)
    night.restart(**counting, severity="info", summary="other words")
    night.line(n=1)
    assert len(night.firing) == 1
    night = Night(**counting)
    night.line(n=1)
    night.line(n=1)
    night.restart(**{"for": {"count": 3, "within": "2m"}})
    night.line(n=1)
    assert night.firing == []


RULES: list[dict[str, Any]] = [
    {"for": {"count": 3, "within": "20s", "by": ["k"]}},
    {"spike": {"window": "20s", "ratio": 2, "min_count": 3, "by": ["k"]}},
    {"absence": {"for": "20s", "by": ["k"]}},
    {"new_value": {"field": "v", "learn": "20s", "within": "1m", "by": ["k"]}},
    {"change": {"field": "v", "by": ["k"]}},
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: next(iter(rule)))
@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 25), st.integers(0, 20),
            st.booleans(),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_restarts_in_the_middle_change_nothing(
    rule: dict[str, Any], steps: list[tuple[str, str, int, int, bool]]
) -> None:
    # An absence gives those who read ten seconds after a start: begin to look without them.
    whole, broken = Night(**rule), Night(**rule)
    for key, value, pause, late, restart in steps:
        for night in (whole, broken):
            night.wait(pause)
            night.line(late, k=key, v=value)
        if restart and not ("absence" in rule and pause > 5):
            broken.restart()
            broken.fold.tick(broken.now)
        if "absence" not in rule:
            assert broken.firing == whole.firing
    for night in (whole, broken):
        night.wait(60)
    assert broken.firing == whole.firing
    assert broken.state.counters == whole.state.counters or "absence" in rule


def test_one_condition_over_time_a_rule() -> None:
    with pytest.raises(ConfigError) as caught:
        Night(
            absence={"for": "1m"},
            spike={},
            change={},
            resolve={"match": {"any": ["x"]}},
            schedule=["nights", {"weekdays": ["noday"]}],
        )
    assert sorted(p.path for p in caught.value.problems) == [
        "rules[0]",
        "rules[0].change.field",
        "rules[0].resolve.match",
        "rules[0].schedule[1].weekdays[0]",
    ]
    with pytest.raises(ConfigError, match="no time interval 'nights'"):
        Night(schedule=["nights"])
