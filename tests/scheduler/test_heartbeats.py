"""A source that must speak and does not raises one alert, which ends when it speaks again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import metrics
from core.config.load import parse_settings
from core.errors import ConfigError, StoreError
from core.model.event import Event
from core.store import Database
from scheduler.heartbeats import Heartbeats

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOOK = {"name": "main", "source": "alertmanager", "auth": {"bearer": "t"}}
BACKUP = {"name": "backup", "source": "hook:main", "every": "10m", "severity": "critical"}
WATCHDOG = {
    "name": "prometheus",
    "source": "hook:main",
    "every": "10m",
    "matchers": ['alertname="Watchdog"'],
}


def alert(name: str, status: Any = "firing") -> Event:
    return Event("hook:main", T0, {"alertname": name}, status=status)


class House:
    """Heartbeats with a clock of their own; `restart` begins anew on the same store."""

    def __init__(self, db: Database, *heartbeats: dict[str, Any]) -> None:
        self.now = T0
        self.reported: list[Event] = []
        self.refuses = False
        self._db = db
        self.restart(*heartbeats)

    def restart(self, *heartbeats: dict[str, Any]) -> None:
        raw = {"language": "en", "hooks": [HOOK], "heartbeats": list(heartbeats)}
        self.beats = Heartbeats(parse_settings(raw, {}), self._db, self._report, lambda: self.now)

    async def wait(self, minutes: float, *, speaks_every: float = 0) -> None:
        """Look each quarter of a minute, as a running tocsin does."""
        for step in range(round(minutes * 4)):
            self.now += timedelta(seconds=15)
            if speaks_every and step % round(speaks_every * 4) == 0:
                self.beats.heard("hook:main", [])
            await self.beats.look()

    def told(self) -> list[str]:
        told, self.reported = [e.status for e in self.reported], []
        return told

    async def _report(self, event: Event) -> None:
        if self.refuses:
            raise StoreError("the disk is full")
        self.reported.append(event)


@pytest.fixture
async def house(db: Database) -> House:
    one = House(db, BACKUP)
    await one.beats.look()
    return one


async def test_who_speaks_in_time_raises_nothing(house: House) -> None:
    await house.wait(60, speaks_every=9)
    assert [e.status for e in house.reported if e.status == "firing"] == []
    assert not house.beats.states[0].missed


async def test_silence_raises_one_alert_which_the_next_word_ends(house: House) -> None:
    house.beats.heard("hook:main", [])
    await house.wait(9.5)
    assert "firing" not in house.told()
    await house.wait(30)
    (event,) = house.reported
    assert event.status == "firing"
    assert event.severity == "critical"
    assert event.labels == {
        "alertname": "HeartbeatMissed", "app": "tocsin", "heartbeat": "backup",
        "source": "hook:main",
    }  # fmt: skip
    assert "over 10m; its last word was at 2026-03-01 08:00:00" in event.annotations["summary"]
    assert metrics.HEARTBEAT_MISSED.labels("backup")._value.get() == 1
    assert house.beats.states[0].missed
    house.told()
    house.beats.heard("hook:main", [alert("Anything")])
    await house.wait(1)
    (over,) = house.reported
    assert (over.status, over.fingerprint) == ("resolved", event.fingerprint)
    assert metrics.HEARTBEAT_MISSED.labels("backup")._value.get() == 0


async def test_who_never_spoke_has_one_whole_interval_from_the_start(house: House) -> None:
    await house.wait(9.5)
    assert house.told() == []
    await house.wait(1)
    assert "has not said anything within 10m" in house.reported[0].annotations["summary"]


async def test_other_sources_are_no_word(house: House) -> None:
    for source in ("hook:other", "api", "self"):
        house.beats.heard(source, [])
    await house.wait(11)
    assert house.told() == ["firing"]


# Restarts


async def test_a_short_restart_forgets_nothing(house: House) -> None:
    house.beats.heard("hook:main", [])
    await house.wait(8)
    house.told()
    house.now += timedelta(minutes=1)
    house.restart(BACKUP)
    await house.beats.look()
    assert "firing" not in house.told()
    await house.wait(1)
    assert house.told() == ["firing"]


async def test_a_long_downtime_gives_a_whole_interval_of_grace(house: House) -> None:
    house.beats.heard("hook:main", [])
    await house.wait(1)
    house.told()
    house.now += timedelta(days=2)
    house.restart(BACKUP)
    await house.beats.look()
    await house.wait(9.5)
    assert house.told() == []
    await house.wait(1)
    assert house.told() == ["firing"]


async def test_what_was_missed_before_a_restart_stays_missed_until_a_word(house: House) -> None:
    await house.wait(11)
    assert house.told() == ["firing"]
    house.now += timedelta(hours=5)
    house.restart(BACKUP)
    await house.beats.look()
    await house.wait(5)
    assert house.told() == []  # in its grace: neither missed again nor over
    house.beats.heard("hook:main", [])
    await house.wait(1)
    assert house.told() == ["resolved"]


async def test_a_heartbeat_that_left_the_settings_is_over(house: House) -> None:
    await house.wait(11)
    house.told()
    house.restart()
    await house.beats.look()
    assert [(e.status, e.labels["heartbeat"]) for e in house.reported] == [("resolved", "backup")]
    house.told()
    await house.beats.look()
    assert house.told() == []


async def test_of_two_on_one_store_both_listen_and_one_reports(house: House, db: Database) -> None:
    other = House(db, BACKUP)
    other.beats._decides = lambda: False
    for _ in range(4 * 30):
        house.now += timedelta(seconds=15)
        other.now = house.now
        other.beats.heard("hook:main", [])
        await other.beats.look()
        await house.beats.look()
    assert "firing" not in house.told()
    house.now = other.now
    await house.wait(11)
    other.now = house.now
    await other.beats.look()
    assert (house.told(), other.told()) == (["firing"], [])
    assert other.beats.states[0].missed
    other.beats._decides = lambda: True  # it takes over, and says what stands
    await other.beats.look()
    assert other.told() == ["firing"]


# Clocks


async def test_a_clock_that_jumps_raises_nothing(house: House) -> None:
    for jump in (timedelta(hours=1), timedelta(hours=-1), timedelta(days=30)):
        await house.wait(30, speaks_every=8)
        house.now += jump
        await house.beats.look()
        await house.wait(30, speaks_every=8)
    assert "firing" not in house.told()


async def test_after_a_clock_was_put_back_silence_is_still_noticed(house: House) -> None:
    house.beats.heard("hook:main", [])
    await house.wait(1)
    house.now -= timedelta(hours=6)
    await house.wait(11)
    assert house.told()[-1] == "firing"


# The Watchdog of Prometheus


async def test_only_what_fits_the_matchers_is_a_word(db: Database) -> None:
    house = House(db, WATCHDOG)
    await house.beats.look()
    for _ in range(3):
        await house.wait(5)
        house.beats.heard("hook:main", [alert("Other"), alert("Watchdog")])
    assert "firing" not in house.told()
    await house.wait(5)
    house.beats.heard("hook:main", [alert("Other"), alert("Watchdog", "resolved")])
    house.beats.heard("hook:main", [])
    await house.wait(6)
    assert house.told() == ["firing"]


# What fails


async def test_what_could_not_be_reported_is_reported_later(house: House) -> None:
    house.refuses = True
    with pytest.raises(StoreError):
        await house.wait(11)
    house.refuses = False
    await house.wait(1)
    assert house.told() == ["firing"]


@given(steps=st.lists(st.sampled_from(["speak", "wait", "restart", "sleep"]), max_size=40))
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_in_any_order(db: Database, steps: list[str]) -> None:
    """Fires only after a whole interval of listening without a word; ends only by a word."""
    house = House(db)
    await house.beats.look()  # what an earlier example left is over
    house = House(db, BACKUP)
    await house.beats.look()
    listened = timedelta(0)
    for step in steps:
        before = len(house.reported)
        if step == "speak":
            house.beats.heard("hook:main", [])
            await house.beats.look()
            listened = timedelta(0)
        elif step == "wait":
            await house.wait(2)
            listened += timedelta(minutes=2)
        else:
            house.now += timedelta(seconds=30 if step == "restart" else 7200)
            if step == "restart":
                house.restart(BACKUP)
            await house.beats.look()
            listened += timedelta(seconds=30)
        for event in house.reported[before:]:
            if event.status == "firing":
                assert listened >= timedelta(minutes=10)
            else:
                assert step == "speak" or listened < timedelta(minutes=10)


def test_mistakes_in_the_settings() -> None:
    raw = {
        "hooks": [HOOK],
        "logs": [{"name": "shop", "paths": ["/x"]}],
        "heartbeats": [
            {"name": "a", "source": "hook:nobody", "every": "1m"},
            {"name": "b", "source": "log:shop", "every": "1m", "matchers": ['a="b"']},
            {"name": "c", "source": "log:shop", "every": "1m"},
            {"name": "d", "source": "api", "every": "1m"},
            {"name": "e", "source": "alertmanager", "every": "1m"},
            {"name": "e", "source": "main", "every": "1m"},
        ],
    }
    with pytest.raises(ConfigError) as caught:
        parse_settings(raw, {})
    assert {p.path for p in caught.value.problems} == {
        "heartbeats", "heartbeats[0].source", "heartbeats[1].matchers", "heartbeats[5].source",
    }  # fmt: skip
    wrong = {
        "name": "a b",
        "source": "api",
        "every": "100ms",
        "severity": "high",
        "matchers": ["x"],
    }
    with pytest.raises(ConfigError) as caught:
        parse_settings({"heartbeats": [wrong]}, {})
    assert {p.path for p in caught.value.problems} == {
        f"heartbeats[0].{key}" for key in ("name", "every", "severity", "matchers")
    }
