"""The fold, told as stories: these events at these moments, and what people are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.fold import Fold
from core.errors import Conflict, InvalidInput
from core.model.matcher import parse_matchers
from tests.core.decide.story import BASE, T0, Story


def test_alerts_of_one_group_are_told_together_after_group_wait() -> None:
    story = Story()
    story.tell("DiskFull", host="a")
    story.wait(5)
    story.tell("DiskFull", host="b")
    assert story.log == []
    story.wait(6)
    assert [(n.kind, len(n.alerts)) for n in story.log] == [("firing", 2)]
    assert story.incident.alert_count == 2


def test_a_repeat_is_counted_and_not_told() -> None:
    story = Story()
    for _ in range(50):
        story.tell("DiskFull", host="a")
    story.wait(30)
    (alert,) = story.fold.state.alerts.values()
    assert alert.count == 50
    assert story.kinds() == ["firing"]


def test_a_new_alert_waits_for_group_interval() -> None:
    story = Story()
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.tell("DiskFull", host="b")
    story.wait(45)
    assert len(story.log) == 1
    story.wait(20)
    assert [len(n.alerts) for n in story.log] == [1, 1]


def test_what_still_fires_is_repeated_unless_acknowledged() -> None:
    story = Story(resolve_timeout="10d")
    story.tell("DiskFull", host="a")
    story.wait(3700, step=10)
    assert story.kinds() == ["firing", "update"]
    story.people.acknowledge(1, "li.wei", "", None, story.now)
    story.wait(7300, step=10)
    assert story.kinds() == ["firing", "update"]


def test_the_end_resolves_the_incident_and_is_told_at_group_interval() -> None:
    story = Story()
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.tell("DiskFull", host="a", status="resolved")
    assert story.incident.status == "resolved"
    story.wait(60)
    assert story.kinds() == ["firing", "resolved"]
    assert story.fold.state.groups == {}
    assert story.fold.state.alerts == {}


def test_what_ends_before_it_was_told_is_not_told() -> None:
    story = Story()
    story.tell("DiskFull", host="a")
    story.wait(3)
    story.tell("DiskFull", host="a", status="resolved")
    story.wait(120)
    assert story.log == []


def test_firing_again_soon_reopens_the_incident() -> None:
    story = Story()
    story.tell("DiskFull")
    story.wait(11)
    story.tell("DiskFull", status="resolved")
    story.wait(100)
    story.tell("DiskFull")
    assert story.incident.status == "triggered"
    assert list(story.fold.state.incidents) == [1]
    story.tell("DiskFull", status="resolved")
    story.wait(400)
    story.tell("DiskFull")
    assert list(story.fold.state.incidents) == [2]


def test_an_alert_without_an_end_is_resolved_after_resolve_timeout() -> None:
    story = Story(resolve_timeout="2m")
    story.tell("DiskFull")
    story.wait(100)
    story.tell("DiskFull")
    story.wait(100)
    assert story.incident.status == "triggered"
    story.wait(30)
    assert story.incident.status == "resolved"


def test_a_silenced_alert_is_not_told_until_the_silence_ends() -> None:
    story = Story(resolve_timeout="1d")
    story.people.add_silence(
        parse_matchers(['alertname="DiskFull"']), T0, T0 + timedelta(minutes=2), "release", "li", T0
    )
    story.tell("DiskFull")
    story.wait(100)
    assert story.log == []
    assert story.fold.state.incidents == {}
    (alert,) = story.fold.state.alerts.values()
    assert story.fold.state.stages[alert.id][-1].reason == "silence"
    story.wait(60)
    assert story.kinds() == ["firing"]


def test_a_silence_made_during_group_wait_holds_the_message_back() -> None:
    story = Story(resolve_timeout="1d")
    story.tell("DiskFull")
    story.people.add_silence(
        parse_matchers(['alertname="DiskFull"']), T0, T0 + timedelta(hours=1), "", "li", T0
    )
    story.wait(60)
    assert story.log == []


def test_an_inhibited_alert_waits_for_its_source_to_end() -> None:
    story = Story(
        resolve_timeout="1d",
        inhibit=[
            {"source": ['severity="critical"'], "target": ['severity="warning"'], "equal": ["host"]}
        ],
    )
    story.tell("HostDown", severity="critical", host="a")
    story.tell("DiskSlow", host="a")
    story.tell("DiskSlow", host="b")
    story.wait(20)
    told = {a for n in story.log for a in n.alerts}
    hosts = [(a.name, a.labels["host"]) for a in story.fold.state.alerts.values() if a.id in told]
    assert sorted(hosts) == [("DiskSlow", "b"), ("HostDown", "a")]
    story.tell("HostDown", severity="critical", host="a", status="resolved")
    story.wait(80)
    assert len({a for n in story.log for a in n.alerts}) == 3


def test_a_worse_alert_is_told_again() -> None:
    story = Story()
    story.tell("DiskFull", severity="warning")
    story.wait(11)
    story.tell("DiskFull", severity="critical")
    story.wait(60)
    assert story.kinds() == ["firing", "firing"]
    assert story.incident.severity == "critical"


def test_what_a_person_resolved_while_it_fired_is_held_for_repeat_interval() -> None:
    story = Story(resolve_timeout="1d")
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.people.resolve(1, "li.wei", "cleaned", story.now)
    story.tell("DiskFull", host="a")
    story.wait(1800, step=10)
    assert story.incident.status == "resolved"
    assert story.kinds() == ["firing"]
    story.wait(1900, step=10)
    assert story.kinds() == ["firing", "firing"]
    assert story.log[1].incident == 2


def test_a_new_alert_beside_a_held_one_is_told_at_once() -> None:
    story = Story(resolve_timeout="1d")
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.people.resolve(1, "li.wei", "cleaned", story.now)
    story.tell("DiskFull", host="b")
    story.wait(11)
    assert [(n.incident, len(n.alerts)) for n in story.log] == [(1, 1), (2, 1)]
    story.wait(3700, step=10)  # host a joins the open incident then
    assert story.log[2].incident == 2
    assert set(story.log[2].alerts) >= set(story.log[0].alerts)


def test_a_held_incident_whose_alerts_clear_makes_room_for_a_new_one() -> None:
    story = Story(resolve_timeout="1d")
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.people.resolve(1, "li.wei", "cleaned", story.now)
    story.tell("DiskFull", host="a", status="resolved")
    story.wait(5)
    story.tell("DiskFull", host="a")
    story.wait(11)
    assert [(n.kind, n.incident) for n in story.log][-1] == ("firing", 2)


def test_an_alert_that_came_and_went_between_two_messages_is_forgotten() -> None:
    story = Story(resolve_timeout="1d")
    story.tell("DiskFull", host="a")
    story.wait(11)
    story.tell("DiskFull", host="b")
    story.tell("DiskFull", host="b", status="resolved")
    story.wait(120)
    assert story.kinds() == ["firing"]
    assert [a.labels["host"] for a in story.fold.state.alerts.values()] == ["a"]


def test_continue_tells_two_receivers_of_one_incident() -> None:
    route = {
        **BASE["route"],
        "routes": [
            {"matchers": ['team="db"'], "receiver": "r2", "continue": True},
            {"matchers": ['severity="warning"'], "receiver": "r"},
        ],
    }
    story = Story(route=route)
    story.tell("DiskFull", team="db")
    story.wait(11)
    assert sorted(n.channel for n in story.log) == ["room", "room2"]
    assert {n.incident for n in story.log} == {1}


def test_incidents_that_share_a_group_of_a_further_route_lose_no_alert() -> None:
    route = {
        **BASE["route"],
        "routes": [
            {"matchers": ['severity="warning"'], "receiver": "r", "continue": True},
            {"matchers": ['team="db"'], "receiver": "r2", "group_by": ["team"]},
        ],
    }
    story = Story(route=route)
    story.tell("DiskFull", team="db")
    story.tell("Slow", team="db")  # an incident of its own; the same team
    story.wait(11)
    assert len({i for n in story.log if n.channel == "room2" for i in n.alerts}) == 2
    story.tell("DiskFull", team="db", status="resolved")
    story.tell("Slow", team="db", status="resolved")
    story.wait(120)
    ended = {i for n in story.log if (n.channel, n.kind) == ("room2", "resolved") for i in n.alerts}
    assert len(ended) == 2
    assert story.fold.state.groups == {}


def test_steps_check_where_they_start_from() -> None:
    story = Story()
    story.tell("DiskFull")
    people, now = story.people, story.now
    people.acknowledge(1, "a", "", None, now)
    with pytest.raises(Conflict):
        people.acknowledge(1, "b", "", None, now)
    people.unacknowledge(1, "a", "", now)
    with pytest.raises(Conflict):
        people.unacknowledge(1, "a", "", now)
    people.resolve(1, "a", "", now)
    with pytest.raises(Conflict):
        people.acknowledge(1, "a", "", None, now)
    with pytest.raises(InvalidInput):
        people.add_silence(parse_matchers(['a=~".*"']), now, now + timedelta(1), "", "x", now)


def test_an_acknowledgement_for_a_while_ends_by_itself() -> None:
    story = Story(resolve_timeout="1d")
    story.tell("DiskFull")
    story.people.acknowledge(1, "a", "", timedelta(minutes=5), story.now)
    story.wait(299)
    assert story.incident.status == "acknowledged"
    story.wait(2)
    assert story.incident.status == "triggered"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B"]),
        st.sampled_from(["h1", "h2", "h3"]),
        st.sampled_from(["firing", "firing", "resolved"]),
        st.integers(0, 90),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_episode_is_told_at_most_once_and_its_end_only_after(
    steps: list[tuple[str, str, str, int]],
) -> None:
    story = Story(resolve_timeout="1d")
    for name, host, status, pause in steps:
        story.tell(name, status=status, host=host)
        story.wait(pause, step=5)
    story.wait(200, step=5)
    firing = [a for n in story.log if n.kind == "firing" for a in n.alerts]
    ended = [a for n in story.log if n.kind == "resolved" for a in n.alerts]
    assert len(firing) == len(set(firing))
    assert len(ended) == len(set(ended))
    assert set(ended) <= set(firing)
    still = {a.id for a in story.fold.firing()}
    assert still <= set(firing)
    assert set(firing) - still == set(ended)
    open_ones = [i for i in story.fold.state.incidents.values() if i.status != "resolved"]
    assert {a.incident for a in story.fold.firing()} == {i.number for i in open_ones}


def test_the_end_is_told_however_long_the_group_interval_is() -> None:
    story = Story(resolve_timeout="1d", route={**BASE["route"], "group_interval": "30m"})
    story.tell("DiskFull")
    story.wait(11)
    story.tell("DiskFull", status="resolved")
    story.wait(1900, step=10)
    assert story.kinds() == ["firing", "resolved"]
    story.wait(120, step=10)
    assert story.fold.state.incidents == {}


def test_what_a_person_reopens_is_told_again_after_repeat_interval() -> None:
    story = Story(resolve_timeout="1d")
    story.tell("DiskFull")
    story.wait(11)
    story.people.resolve(1, "li.wei", "cleaned", story.now)
    story.people.reopen(1, "li.wei", "not yet", story.now)
    assert story.incident.status == "triggered"
    story.wait(3700, step=10)
    assert story.kinds() == ["firing", "update"]


def test_very_many_alerts_are_several_notifications_and_each_alert_is_in_one() -> None:
    story = Story(resolve_timeout="1d")
    for number in range(450):
        story.tell("DiskFull", host=str(number))
    story.wait(11)
    told = [a for n in story.log for a in n.alerts]
    assert [len(n.alerts) for n in story.log] == [200, 200, 50]
    assert len(set(told)) == 450
    story.wait(3700, step=10)
    assert [len(n.alerts) for n in story.log[3:]] == [200]  # a reminder names the first only


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["fire", "fire", "clear", "ack", "resolve", "reopen", "wait"]),
        st.sampled_from(["h1", "h2"]),
        st.integers(0, 400),
    ),
    max_size=30,
)


@settings(max_examples=80, deadline=None)
@given(ACTS)
def test_whatever_people_do_no_firing_alert_is_without_an_open_or_held_incident(
    acts: list[tuple[str, str, int]],
) -> None:
    story = Story(resolve_timeout="1d")
    for act, host, pause in acts:
        newest = max(story.fold.state.incidents, default=0)
        if act == "fire":
            story.tell("A", host=host)
        elif act == "clear":
            story.tell("A", host=host, status="resolved")
        elif act != "wait" and newest:
            step = {"ack": story.people.acknowledge, "resolve": story.people.resolve,
                    "reopen": story.people.reopen}[act]  # fmt: skip
            try:
                if act == "ack":
                    step(newest, "p", "", None, story.now)  # type: ignore[call-arg]
                else:
                    step(newest, "p", "", story.now)  # type: ignore[call-arg]
            except Conflict:
                continue
            story._take()
        story.wait(pause, step=20)
        state = story.fold.state
        for alert in story.fold.firing():
            incident = state.incidents[alert.incident or 0]
            assert incident.status != "resolved" or incident.held
            assert alert.id in state.firing_of[incident.number]
        for key, number in state.open_incidents.items():
            assert state.incidents[number].key == key
        for group in state.groups.values():
            assert group.incident in state.incidents
            assert all(group.key in state.groups_of[i] for i in group.members)
    firing = [a for n in story.log if n.kind == "firing" for a in n.alerts]
    by_incident = [(n.incident, a) for n in story.log if n.kind == "firing" for a in n.alerts]
    assert len(by_incident) == len(set(by_incident))
    ended = [a for n in story.log if n.kind == "resolved" for a in n.alerts]
    assert set(ended) <= set(firing)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_is_put_back_delays_nothing(restarted: bool) -> None:
    story = Story(resolve_timeout="5m")

    def put_back() -> None:
        story.wait(1)
        if restarted:
            story.fold = Fold(story.fold.policy, story.fold.state, lambda event: [])
        story.now -= timedelta(hours=1)

    story.tell("DiskFull", host="a")
    put_back()
    story.wait(11)
    assert story.kinds() == ["firing"]
    story.tell("DiskFull", host="b")  # is told a group_interval after the first
    put_back()
    story.wait(61)
    assert story.kinds() == ["firing", "firing"]
    put_back()
    story.wait(6 * 60)  # silent for resolve_timeout, and the interval
    assert story.kinds() == ["firing", "firing", "resolved"]
    assert story.incident.status == "resolved"
