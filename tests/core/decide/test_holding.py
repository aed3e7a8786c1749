"""What holds a group back (time intervals, maintenance), and what silences do to ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.errors import InvalidInput
from core.model.matcher import parse_matchers
from tests.core.decide.story import BASE, T0, Story

# The stories begin at midnight UTC.
NIGHT = {
    "name": "night",
    "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "01:00"}]}],
}


def muted(**changes: Any) -> Story:
    route = {**BASE["route"], **changes}
    return Story(route=route, time_intervals=[NIGHT], resolve_timeout="10d")


def last_stage(story: Story, host: str) -> tuple[str, str, str]:
    alert = next(a for a in story.fold.state.alerts.values() if a.labels.get("host") == host)
    stage = story.fold.state.stages[alert.id][-1]
    return stage.stage, stage.verdict, stage.by


def test_a_muted_route_tells_when_the_interval_ends_and_the_incident_is_there() -> None:
    story = muted(mute_time_intervals=["night"])
    story.tell("DiskFull", host="a")
    story.wait(1800, step=10)
    assert story.log == []
    assert story.incident.status == "triggered"
    assert last_stage(story, "a") == ("time_intervals", "suppressed", "night")
    story.wait(1810, step=1)
    assert story.kinds() == ["firing"]
    assert story.log[0].created_at == T0 + timedelta(hours=1)
    assert last_stage(story, "a") == ("notify", "notified", "r")


def test_a_route_that_is_only_active_at_night_waits_for_the_night() -> None:
    story = muted(active_time_intervals=["night"])
    story.tell("DiskFull", host="a")
    story.wait(11)
    assert story.kinds() == ["firing"]
    story.wait(4000, step=10)
    story.tell("DiskFull", host="b")
    story.wait(7200, step=20)
    assert story.kinds() == ["firing"]
    assert last_stage(story, "b") == ("time_intervals", "suppressed", "night")
    story.wait(86400, step=60)
    assert story.log[1].created_at - T0 - timedelta(days=1) < timedelta(minutes=1)
    assert len(story.log[1].alerts) == 1


def test_what_came_and_went_while_muted_is_not_told() -> None:
    story = muted(mute_time_intervals=["night"])
    story.tell("DiskFull", host="a")
    story.wait(60)
    story.tell("DiskFull", host="a", status="resolved")
    story.wait(7200, step=20)
    assert story.log == []
    assert story.fold.state.groups == {}


def test_what_was_told_and_ends_while_muted_is_told_after_it() -> None:
    late = {"name": "night", "time_intervals": [
        {"times": [{"start_time": "00:10", "end_time": "01:00"}]}
    ]}  # fmt: skip
    route = {**BASE["route"], "mute_time_intervals": ["night"]}
    story = Story(route=route, time_intervals=[late], resolve_timeout="10d")
    story.tell("DiskFull", host="a")
    story.wait(900, step=5)
    story.tell("DiskFull", host="a", status="resolved")
    story.wait(2600, step=5)
    assert story.kinds() == ["firing"]
    story.wait(120)
    assert story.kinds() == ["firing", "resolved"]
    assert story.log[1].created_at == T0 + timedelta(hours=1)


def maintenance(story: Story, minutes: int, *matchers: str) -> Any:
    return story.people.add_silence(
        parse_matchers(list(matchers)), story.now, story.now + timedelta(minutes=minutes),
        "new disks", "li.wei", story.now, "maintenance",
    )  # fmt: skip


def test_during_maintenance_incidents_are_recorded_and_told_once_afterwards() -> None:
    story = Story(resolve_timeout="10d")
    maintenance(story, 60, 'app="shop"')
    story.tell("DiskFull", host="a", app="shop")
    story.tell("DiskFull", host="b", app="shop")
    story.tell("Other", host="c", app="pay")
    story.tell("DiskFull", host="b", app="shop", status="resolved")
    story.wait(3500, step=10)
    assert [n.incident for n in story.log] == [2]
    assert story.incident.status == "triggered"
    assert last_stage(story, "a") == ("maintenance", "suppressed", "SIL-1")
    story.wait(3600, step=10)
    told = [n for n in story.log if n.incident == 1]
    assert next((n.kind, len(n.alerts)) for n in told) == ("firing", 1)
    assert told[0].created_at == T0 + timedelta(hours=1)


def test_maintenance_of_everything_that_is_ended_early_tells_at_once() -> None:
    story = Story(resolve_timeout="10d")
    silence = maintenance(story, 600)
    story.tell("DiskFull", host="a")
    story.wait(300, step=5)
    assert story.log == []
    story.people.expire_silence(silence.number, "li.wei", story.now)
    story.wait(1)
    assert story.kinds() == ["firing"]


def test_planned_maintenance_holds_what_it_matches() -> None:
    planned = {"name": "db", "matchers": ['app="db"'], "time_intervals": ["night"]}
    story = Story(maintenance=[planned], time_intervals=[NIGHT], resolve_timeout="10d")
    story.tell("Slow", host="a", app="db")
    story.tell("Down", host="b", app="shop")
    story.wait(3000, step=10)
    assert [n.incident for n in story.log] == [2]
    assert last_stage(story, "a") == ("maintenance", "suppressed", "db")
    story.wait(605)
    assert [n.incident for n in story.log] == [2, 1]


def test_a_silence_must_say_what_it_silences_and_maintenance_need_not() -> None:
    story = Story()
    with pytest.raises(InvalidInput):
        story.people.add_silence((), story.now, story.now + timedelta(1), "", "x", story.now)
    assert maintenance(story, 5).matchers == ()


def silenced(story: Story, minutes: int) -> None:
    story.people.add_silence(
        parse_matchers(['alertname="DiskFull"']), story.now,
        story.now + timedelta(minutes=minutes), "c", "x", story.now,
    )  # fmt: skip


def test_what_ends_while_silenced_is_not_told_to_be_over() -> None:
    story = Story(resolve_timeout="10d")
    story.tell("DiskFull", host="a")
    story.wait(11)
    silenced(story, 30)
    story.tell("DiskFull", host="a", status="resolved")
    story.wait(3600, step=10)
    assert story.kinds() == ["firing"]  # as in Alertmanager
    assert story.fold.state.groups == {}


def test_what_is_silenced_from_the_start_is_told_when_the_silence_ends() -> None:
    story = Story(resolve_timeout="10d")
    silenced(story, 30)
    story.tell("DiskFull", host="a")
    story.tell("DiskFull", host="b")
    story.wait(60)
    story.tell("DiskFull", host="b", status="resolved")
    story.wait(1700, step=5)
    assert story.log == []
    story.wait(120)
    assert [(n.kind, len(n.alerts)) for n in story.log] == [("firing", 1)]


def test_a_receiver_may_not_want_to_hear_what_is_over() -> None:
    receivers = [{"name": "r", "channels": ["room"], "send_resolved": False}]
    story = Story(receivers=receivers, resolve_timeout="10d")
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.tell("DiskFull", host="a", status="resolved")
    story.wait(120)
    assert story.kinds() == ["firing"]
    assert story.fold.state.groups == {}


def test_a_more_severe_alert_takes_an_acknowledgement_back() -> None:
    story = Story(resolve_timeout="10d")
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.people.acknowledge(1, "li.wei", "", None, story.now)
    story.tell("DiskFull", host="b")
    assert story.incident.status == "acknowledged"
    story.tell("DiskFull", host="c", severity="critical")
    assert story.incident.status == "triggered"
    assert story.incident.severity == "critical"
    story.wait(11)  # critical does not wait for group_interval
    assert story.kinds() == ["firing", "firing"]
    story.people.acknowledge(1, "li.wei", "", None, story.now)
    story.tell("DiskFull", host="d", severity="critical")
    assert story.incident.status == "acknowledged"


def test_of_alerts_on_both_sides_of_an_inhibition_only_a_plain_source_inhibits() -> None:
    rule = {"source": ['tier="db"'], "target": ["team=~.+"], "equal": ["dc"]}
    story = Story(inhibit=[rule], resolve_timeout="10d")
    story.tell("A", host="a", tier="db", team="x", dc="1")
    story.tell("B", host="b", tier="db", team="y", dc="1")
    assert story.fold.state.suppressed == {}
    story.tell("C", host="c", tier="db", dc="1")
    story.tell("D", host="d", tier="db", team="z", dc="1")
    assert last_stage(story, "d")[:2] == ("inhibit", "suppressed")


def noticed(story: Story) -> list[str]:
    return [n.channel for n in story.log if n.kind == "notice"]


def test_a_silence_that_ends_soon_is_announced_once_where_it_was_made() -> None:
    story = Story(resolve_timeout="10d", silences={})
    story.people.add_silence(
        parse_matchers(['alertname="DiskFull"']), story.now, story.now + timedelta(hours=1),
        "c", "x", story.now, "silence", "room2",
    )  # fmt: skip
    silenced(story, 20)  # too short to be announced
    story.wait(2690, step=5)
    assert noticed(story) == []
    story.wait(1000, step=5)
    assert noticed(story) == ["room2"]


def test_a_silence_of_nowhere_is_announced_to_the_receivers_of_what_it_silences() -> None:
    route = {**BASE["route"], "routes": [{"matchers": ['team="db"'], "receiver": "r2"}]}
    story = Story(resolve_timeout="10d", route=route, silences={})
    silenced(story, 60)
    story.tell("DiskFull", team="db")
    story.wait(2710, step=5)
    assert noticed(story) == ["room2"]
    (silence,) = story.fold.state.silences
    story.people.change_silence(
        silence.number, silence.matchers, silence.starts_at, story.now + timedelta(hours=2),
        "longer", "x", story.now,
    )  # fmt: skip
    story.wait(6400, step=5)
    assert noticed(story) == ["room2", "room2"]


def test_a_longer_maintenance_holds_longer_and_a_shorter_one_lets_go() -> None:
    story = Story(resolve_timeout="10d")
    silence = maintenance(story, 60)
    story.tell("DiskFull", host="a")
    story.wait(60)

    def ends_in(minutes: int) -> None:
        story.people.change_silence(
            silence.number, (), silence.starts_at, story.now + timedelta(minutes=minutes),
            "", "x", story.now,
        )  # fmt: skip

    ends_in(120)
    story.wait(5400, step=5)
    assert story.kinds() == []
    ends_in(1)
    story.wait(61)
    assert story.kinds() == ["firing"]
