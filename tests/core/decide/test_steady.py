"""Fingerprints and severities that the settings choose; what flaps, and what is damped."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.config.settings import Settings
from core.model.alert import Alert
from tests.core.decide.story import BASE, Story


def only(story: Story) -> Alert:
    (alert,) = story.fold.firing()
    return alert


def stage(story: Story, alert: Alert, name: str) -> Any:
    return next(s for s in story.fold.state.stages[alert.id] if s.stage == name)


def test_fields_of_the_settings_make_one_alert_of_many_series() -> None:
    rule = {"source": "api", "matchers": ['alertname="Slow"'], "fields": ["alertname", "app"]}
    story = Story(fingerprint=[rule], resolve_timeout="1d")
    for pod in "abc":
        story.tell("Slow", app="shop", pod=pod)
    story.tell("Other", app="shop", pod="a")
    story.tell("Other", app="shop", pod="b")
    slow = [a for a in story.fold.firing() if a.name == "Slow"]
    assert [a.count for a in slow] == [3]
    assert slow[0].identified_by == "alertname, app (fingerprint[0])"
    assert stage(story, slow[0], "fingerprint").note == "alertname, app (fingerprint[0])"
    assert len(list(story.fold.firing())) == 3
    story.tell("Slow", app="shop", pod="z", status="resolved")
    assert [a.name for a in story.fold.firing()] == ["Other", "Other"]


def test_labels_may_be_left_out_of_the_fingerprint() -> None:
    story = Story(fingerprint=[{"without": ["pod"]}], resolve_timeout="1d")
    story.tell("Slow", app="shop", pod="a")
    story.tell("Slow", app="shop", pod="b", severity="critical")
    story.tell("Slow", app="pay", pod="b")
    assert sorted(a.count for a in story.fold.firing()) == [1, 2]


def test_a_severity_of_the_settings_routes_and_is_explained() -> None:
    route = {**BASE["route"], "routes": [{"matchers": ['severity="critical"'], "receiver": "r2"}]}
    rule = {"matchers": ['env="test"'], "set": "info"}
    other = {"matchers": ['severity="warning"', 'app="pay"'], "set": "critical"}
    story = Story(route=route, severity=[rule, other], resolve_timeout="1d")
    story.tell("Down", severity="disaster", env="test", app="pay")
    alert = only(story)
    assert (alert.severity, alert.labels["severity"]) == ("info", "info")
    assert alert.labels["severity_raw"] == "critical"
    said = stage(story, alert, "severity")
    assert (said.by, said.note) == ("severity[0]", "critical → info")
    story.tell("Slow", app="pay")
    story.wait(11)
    assert {(n.channel, n.incident) for n in story.log} == {("room", 1), ("room2", 2)}
    story.tell("Slow", app="pay")  # a repeat is graded as well, and so nothing changed
    assert story.fold.state.changes.decisions == []


def test_a_route_grades_what_it_takes() -> None:
    route = {**BASE["route"], "routes": [{"matchers": ['team="db"'], "severity": "critical"}]}
    story = Story(route=route, resolve_timeout="1d")
    story.tell("Slow", team="db", severity="info")
    assert only(story).severity == "critical"
    assert only(story).labels["severity"] == "info"
    assert stage(story, only(story), "severity").by == "route 0.0"


def flap(story: Story, times: int, pause: float = 20) -> None:
    for _ in range(times):
        story.tell("Ping", host="a")
        story.wait(pause)
        story.tell("Ping", host="a", status="resolved")
        story.wait(pause)


FAST = {**BASE["route"], "group_wait": "0s", "group_interval": "1s"}


def test_an_alert_that_comes_and_goes_is_told_once_as_flapping_until_it_is_calm() -> None:
    story = Story(route=FAST, resolve_timeout="1d")
    flap(story, 3)
    assert story.kinds() == ["firing", "resolved"] * 3
    flap(story, 10)
    alert = only(story)
    assert alert.flapping
    assert story.kinds() == ["firing", "resolved"] * 3 + ["firing"]
    assert alert.count == 10
    assert stage(story, alert, "resolve").reason == "flapping"
    story.wait(590, step=5)
    assert story.kinds()[-1] == "resolved"
    assert list(story.fold.firing()) == []
    story.wait(1200, step=10)
    flap(story, 1)
    assert story.kinds()[-2:] == ["firing", "resolved"]
    story.wait(1200, step=10)
    assert story.fold.state.histories == {}


def test_what_still_fires_when_it_is_calm_simply_fires() -> None:
    story = Story(route=FAST, resolve_timeout="1d")
    flap(story, 4)
    story.tell("Ping", host="a")
    assert only(story).flapping
    told = len(story.log)
    story.wait(700, step=5)
    assert not only(story).flapping
    assert len(story.log) == told
    story.tell("Ping", host="a", status="resolved")
    story.wait(5)
    assert story.kinds()[-1] == "resolved"


def test_flapping_can_be_switched_off() -> None:
    story = Story(route=FAST, resolve_timeout="1d", flapping={"enabled": False})
    flap(story, 8)
    assert story.kinds() == ["firing", "resolved"] * 8
    assert story.fold.state.histories == {}


def test_falling_silent_is_a_change_as_well() -> None:
    story = Story(route=FAST, resolve_timeout="10s")
    for _ in range(4):
        story.tell("Ping", host="a")
        story.wait(15)
    story.tell("Ping", host="a")
    assert only(story).flapping


DAMPED = [{"matchers": ['alertname="Ping"'], "fire": 3, "of": 5, "clears": 2}]


def test_a_damped_alert_needs_three_of_five_to_fire_and_two_clears_to_end() -> None:
    story = Story(route=FAST, resolve_timeout="1d", damping=DAMPED)
    story.tell("Ping", host="a")
    story.tell("Ping", host="a")
    story.wait(20)
    assert story.log == []
    assert stage(story, only(story), "flapping").note == "2 of 3 in the last 5"
    story.tell("Ping", host="a", status="resolved")
    assert stage(story, only(story), "flapping").verdict == "suppressed"
    story.tell("Ping", host="a")
    story.wait(2)
    assert story.kinds() == ["firing"]
    story.tell("Ping", host="a", status="resolved")
    story.wait(20)
    assert story.kinds() == ["firing"]
    assert stage(story, only(story), "resolve").note == "1 of 2 clears"
    story.tell("Ping", host="a", status="resolved")
    story.wait(2)
    assert story.kinds() == ["firing", "resolved"]
    story.tell("Other", host="a")
    story.wait(2)
    assert story.kinds()[-1] == "firing"


def test_one_clear_and_then_nothing_ends_a_damped_alert_too() -> None:
    story = Story(route=FAST, resolve_timeout="2m", damping=[{"clears": 3}])
    story.tell("Ping", host="a")
    story.wait(5)
    story.tell("Ping", host="a", status="resolved")
    story.wait(130)
    assert list(story.fold.firing()) == []
    assert story.kinds() == ["firing", "resolved"]


@pytest.mark.parametrize(
    "section",
    [
        {"damping": [{"fire": 3, "of": 2}]},
        {"fingerprint": [{"source": "api"}]},
        {"fingerprint": [{"fields": ["a"], "without": ["b"]}]},
        {"severity": [{"matchers": ['a="b"'], "set": "disaster"}]},
        {"severity": [{"matchers": [], "set": "info"}]},
        {"flapping": {"changes": 1}},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(section)
