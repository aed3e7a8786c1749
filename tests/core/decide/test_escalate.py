"""Escalation told as stories: who is told when, and what stops it."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.fold import Fold
from core.decide.people import People
from core.errors import Conflict, NotFound
from core.model.matcher import parse_matchers
from core.model.notification import Notification
from tests.core.decide.story import BASE, T0, Story

POLICY: dict[str, Any] = {
    "name": "night",
    "steps": [
        {"after": "5m", "notify": ["r2"], "mention": ["li.wei"]},
        {"after": "15m", "notify": ["room", "r2"], "mention": ["@primary"]},
    ],
}
MINUTE = 60


def story(severity: str = "critical", route: dict[str, Any] | None = None, **policy: Any) -> Story:
    made = Story(
        route={**BASE["route"], "repeat_interval": "10d", "escalation": "night", **(route or {})},
        escalation=[{**POLICY, **policy}],
        resolve_timeout="10d",
        channels=[
            *BASE["channels"],
            {
                "name": "hook",
                "type": "webhook",
                "url": "http://127.0.0.1:1/",
                "secret": "whsec_c2VjcmV0",
                "events": ["incident.escalated"],
            },
        ],
    )
    made.tell("DiskFull", severity=severity, host="a")
    return made


def steps(made: Story) -> list[tuple[float, int, int, str]]:
    """(minutes since the trigger, cycle, step, channel) of every message of an escalation."""
    return [
        (
            (n.created_at - T0).total_seconds() / 60,
            n.escalation.cycle,
            n.escalation.step,
            n.channel,
        )
        for n in made.log
        if n.escalation is not None
    ]


def again(made: Story, ahead: timedelta = timedelta(0)) -> None:
    """What a restart does: the fold is made anew from what was committed, maybe later."""
    policy = made.fold.policy
    state = msgspec.structs.replace(made.fold.state)
    made.fold = Fold(policy, state, lambda event: [])
    made.people = People(policy, state, made.fold.grouping)
    made.now += ahead


def test_steps_run_by_the_time_since_the_trigger_and_the_fallback_is_last() -> None:
    made = story(repeat=1)
    made.wait(90 * MINUTE, step=30)
    assert steps(made) == [
        (5, 1, 1, "room2"),
        (15, 1, 2, "room"),
        (15, 1, 2, "room2"),
        (20, 2, 1, "room2"),
        (30, 2, 2, "room"),
        (30, 2, 2, "room2"),
        (40, 2, 0, "room"),  # the receiver of the top route, as long after as the last step waited
    ]
    first = next(n for n in made.log if n.escalation)
    assert (first.kind, first.priority, first.escalation.mention) == ("update", 0, ("li.wei",))
    events = [n for n in made.log if n.event_type == "incident.escalated"]
    assert len(events) == 5
    texts = [e.text for c in made.changes for _n, e in c.timeline if e.kind == "escalation"]
    assert texts[0] == "Escalation night, step 1 of 2, cycle 1: tells r2, calls li.wei"
    assert "nobody acknowledged it after the last step" in texts[-1]
    stages = made.fold.state.stages[next(iter(made.fold.state.alerts))]
    assert (stages[-1].stage, stages[-1].by, stages[-1].verdict) == (
        "escalate",
        "night",
        "notified",
    )


def test_what_is_not_critical_ends_with_the_last_step_until_it_gets_worse() -> None:
    made = story("warning")
    made.wait(60 * MINUTE, step=30)
    assert [s[2] for s in steps(made)] == [1, 2, 2]
    made.tell("DiskFull", severity="critical", host="a")
    made.wait(11 * MINUTE, step=30)
    assert steps(made)[-1] == (70, 1, 0, "room")


@pytest.mark.parametrize("stop", ["acknowledge", "resolve", "clear"])
def test_it_stops_when_someone_has_it_or_it_is_over(stop: str) -> None:
    made = story()
    made.wait(6 * MINUTE, step=30)
    if stop == "clear":
        made.tell("DiskFull", status="resolved", severity="critical", host="a")
    elif stop == "resolve":
        made.people.resolve(1, "li.wei", "", made.now)
    else:
        made.people.acknowledge(1, "li.wei", "", None, made.now)
    made.wait(120 * MINUTE, step=30)
    assert [s[2] for s in steps(made)] == [1]


def test_taking_an_acknowledgement_back_starts_it_again() -> None:
    made = story()
    made.wait(6 * MINUTE, step=30)
    made.people.acknowledge(1, "li.wei", "", None, made.now)
    made.wait(60 * MINUTE, step=30)
    made.people.unacknowledge(1, "li.wei", "", made.now)
    made.wait(6 * MINUTE, step=30)
    assert [s[:3] for s in steps(made)] == [(5, 1, 1), (71, 1, 1)]


def test_an_acknowledgement_that_runs_out_starts_it_again() -> None:
    made = story()
    made.people.acknowledge(1, "li.wei", "", timedelta(minutes=30), made.now)
    made.wait(36 * MINUTE, step=30)
    assert [s[:3] for s in steps(made)] == [(35, 1, 1)]


def test_what_is_silenced_is_not_escalated_until_the_silence_ends() -> None:
    made = story()
    made.wait(60, step=30)
    made.people.add_silence(
        tuple(parse_matchers(['host="a"'])),
        made.now,
        made.now + timedelta(minutes=29),
        "",
        "li.wei",
        made.now,
    )
    made.wait(28 * MINUTE, step=5)
    assert steps(made) == []
    made.wait(3 * MINUTE, step=5)
    assert [s[2] for s in steps(made)] == [1]
    said = [e.text for c in made.changes for _n, e in c.timeline if e.kind == "escalation"]
    assert said[0].startswith("The escalation waits")
    assert len(said) == 2


def test_a_restart_repeats_no_step_and_loses_none() -> None:
    made = story()
    made.wait(6 * MINUTE, step=30)
    again(made)
    made.wait(4 * MINUTE, step=30)
    again(made)
    made.wait(50 * MINUTE, step=30)
    assert [(s[0], s[2]) for s in steps(made)] == [(5, 1), (15, 2), (15, 2), (25, 0)]


def test_after_an_outage_each_step_gets_its_time() -> None:
    made = story()
    made.wait(60, step=30)
    again(made, ahead=timedelta(hours=1))
    made.wait(60 * MINUTE, step=30)
    assert [(s[0], s[2]) for s in steps(made)] == [(61.5, 1), (71.5, 2), (71.5, 2), (81.5, 0)]


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_jumps_neither_floods_nor_forgets(hours: int, restarted: bool) -> None:
    made = story()
    made.wait(60, step=30)
    jump = timedelta(hours=hours)
    if restarted:
        again(made, jump)
    else:
        made.now += jump
    made.wait(60 * MINUTE, step=10)
    # The wall clock is not the one that waited: take the jump out.
    told = [(s[0] - hours * 60, s[2]) for s in steps(made)]
    assert [s for _at, s in told] == [1, 2, 2, 0]
    first = told[0][0]
    assert first <= 6.5
    assert told[1][0] - first == pytest.approx(10, abs=0.5)
    assert told[3][0] - told[1][0] == pytest.approx(10, abs=0.5)


def test_a_person_escalates_to_the_next_step_at_once() -> None:
    made = story()
    made.wait(60, step=30)
    made.people.escalate(1, "li.wei", "help", made.now)
    made.wait(1)
    assert [(s[0], s[2]) for s in steps(made)] == [(1, 1)]
    first = next(n for n in made.log if n.escalation)
    assert first.escalation.by == "li.wei"
    made.wait(11 * MINUTE, step=30)  # the second step is ten minutes after the first
    assert [s[2] for s in steps(made)] == [1, 2, 2]
    made.people.escalate(1, "li.wei", "", made.now)
    made.wait(1)
    assert steps(made)[-1][2:] == (0, "room")
    made.wait(60 * MINUTE, step=30)
    assert len(steps(made)) == 4


def test_who_has_it_may_call_for_help_and_still_has_it() -> None:
    made = story("warning")
    made.people.acknowledge(1, "li.wei", "", None, made.now)
    made.people.escalate(1, "li.wei", "", made.now)
    made.people.escalate(1, "li.wei", "", made.now)
    made.wait(60 * MINUTE, step=30)
    assert [s[2] for s in steps(made)] == [1, 2, 2]
    assert made.incident.status == "acknowledged"
    made.people.unacknowledge(1, "li.wei", "", made.now)
    made.wait(6 * MINUTE, step=30)
    assert steps(made)[-1][2] == 1


def test_without_a_policy_its_receivers_are_told_again() -> None:
    made = story(route={"escalation": ""})
    made.wait(11)
    made.people.escalate(1, "li.wei", "", made.now)
    made.wait(60 * MINUTE, step=30)
    assert steps(made) == []
    assert made.kinds().count("update") == 1
    assert [n.event_type for n in made.log if n.kind == "event"] == ["incident.escalated"]
    made.people.resolve(1, "li.wei", "", made.now)
    with pytest.raises(Conflict):
        made.people.escalate(1, "li.wei", "", made.now)


def test_a_policy_is_inherited_and_a_step_without_names_tells_the_route() -> None:
    made = story(
        steps=[{"after": "1m"}],
        route={"routes": [{"matchers": ['severity="critical"'], "receiver": "r2"}]},
        fallback="r2",
        fallback_after="7m",
    )
    made.wait(20 * MINUTE, step=30)
    assert [(s[0], s[2], s[3]) for s in steps(made)] == [(1, 1, "room2"), (8, 0, "room2")]


def test_every_step_is_in_the_log_once_whatever_the_pieces() -> None:
    """Time in one stride or in many: the same steps, for a policy with all that there is."""
    logs = []
    for stride in (1, 7, 300):
        made = story(repeat=2, fallback_after="2m")
        made.wait(120 * MINUTE, step=stride)
        logs.append([s[1:] for s in steps(made)])
    assert logs[0] == logs[1] == logs[2]


def test_the_mark_is_kept_with_the_notification() -> None:
    made = story()
    made.wait(6 * MINUTE, step=30)
    found = next(n for n in made.log if n.escalation)
    assert msgspec.convert(msgspec.to_builtins(found), Notification) == found


ACTS = st.lists(
    st.one_of(
        st.integers(10, 900),
        st.sampled_from(
            ["ack", "ack for a while", "unack", "resolve", "clear", "fire", "escalate"]
        ),
    ),
    min_size=1,
    max_size=14,
)


def act(made: Story, what: int | str) -> None:
    """Let time pass, or do something that may not be possible just now."""
    people = made.people
    with contextlib.suppress(Conflict, NotFound):
        match what:
            case int():
                made.wait(what, step=10)
            case "ack":
                people.acknowledge(1, "li.wei", "", None, made.now)
            case "ack for a while":
                people.acknowledge(1, "li.wei", "", timedelta(minutes=3), made.now)
            case "unack":
                people.unacknowledge(1, "li.wei", "", made.now)
            case "resolve":
                people.resolve(1, "li.wei", "", made.now)
            case "clear":
                made.tell("DiskFull", status="resolved", severity="critical", host="a")
            case "fire":
                made.tell("DiskFull", severity="critical", host="a")
            case "escalate":
                people.escalate(1, "li.wei", "", made.now)
    made.wait(1)


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_whatever_people_do_each_step_comes_once_and_a_restart_changes_nothing(
    acts: list[int | str],
) -> None:
    logs = []
    for restarts in (False, True):
        made = story(repeat=1, fallback_after="2m")
        for what in acts:
            status = made.incident.status if 1 in made.fold.state.incidents else "resolved"
            if 2 in made.fold.state.incidents:
                break  # it went on as another incident
            before = len(made.log)
            act(made, what)
            own = [n for n in made.log[before:] if n.escalation and not n.escalation.by]
            if isinstance(what, int) and status == "resolved":
                assert own == []
            if restarts:
                again(made)
        logs.append(steps(made))
        runs: list[tuple[int, int]] = []
        for _at, cycle, step, channel in logs[-1]:
            if channel != "room2":
                continue
            if (cycle, step) == (1, 1):
                runs = []
            assert (cycle, step) not in runs
            runs.append((cycle, step))
    assert logs[0] == logs[1]
