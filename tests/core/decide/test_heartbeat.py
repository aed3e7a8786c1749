"""An alert that proves its source to be alive tells nobody, and says why."""

from __future__ import annotations

from tests.core.decide.story import Story

BEATS = [{"name": "prom", "source": "api", "every": "5m", "matchers": ['alertname="Watchdog"']}]


def test_the_watchdog_tells_nobody() -> None:
    story = Story(heartbeats=BEATS)
    story.tell("Watchdog")
    story.wait(60)
    assert story.log == []
    assert story.fold.state.incidents == {}
    (alert,) = story.fold.state.alerts.values()
    last = story.fold.state.stages[alert.id][-1]
    assert (last.stage, last.verdict, last.by) == ("heartbeat", "suppressed", "prom")


def test_others_and_other_sources_are_told() -> None:
    story = Story(heartbeats=[{**BEATS[0], "source": "alertmanager"}])
    story.tell("Watchdog")
    story.tell("DiskFull")
    story.wait(60)
    assert story.kinds() == ["firing", "firing"]


def test_a_heartbeat_without_matchers_mutes_nothing() -> None:
    story = Story(heartbeats=[{k: v for k, v in BEATS[0].items() if k != "matchers"}])
    story.tell("Watchdog")
    story.wait(60)
    assert story.kinds() == ["firing"]
