"""A receiver is told at most so often; what waits is told together in the next notification."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.decide.story import BASE, Story

FAST = {**BASE["route"], "group_wait": "0s", "group_interval": "1s"}


def throttled(**throttle: Any) -> Story:
    receivers = [{"name": "r", "channels": ["room"], "throttle": {"per": "1m", **throttle}}]
    return Story(receivers=receivers, route=FAST, resolve_timeout="1d", flapping={"enabled": False})


def told(story: Story) -> list[tuple[str, int]]:
    return [(n.kind, len(n.alerts)) for n in story.log]


def test_what_is_too_much_is_told_together_in_the_next() -> None:
    story = throttled(max=2)
    for name in "ABCDE":
        story.tell(name)
        story.wait(1)
    assert told(story) == [("firing", 1), ("firing", 1)]
    last = [s for stages in story.fold.state.stages.values() for s in stages[-1:]]
    assert [s.reason for s in last] == ["notified"] * 2 + ["throttle"] * 3
    story.wait(60)
    assert told(story) == [("firing", 1), ("firing", 1), ("digest", 3)]
    assert story.log[2].incident is None


def test_what_is_over_waits_as_well_and_is_told_as_one() -> None:
    story = throttled(max=2)
    for name in "AB":
        story.tell(name)
    story.wait(1)
    for name in "AB":
        story.tell(name, status="resolved")
    story.tell("C")
    story.wait(30)
    assert told(story) == [("firing", 1), ("firing", 1)]
    story.wait(90)
    assert told(story)[2:] == [("firing", 1), ("resolved", 2)]


def test_what_came_and_went_meanwhile_is_not_told() -> None:
    story = throttled(max=1)
    story.tell("A")
    story.wait(1)
    story.tell("B")
    story.wait(5)
    story.tell("B", status="resolved")
    story.wait(200)
    assert told(story) == [("firing", 1)]


def test_critical_alerts_pass_unless_the_settings_hold_them() -> None:
    for critical, expected in (("pass", 3), ("hold", 1)):
        story = throttled(max=1, critical=critical)
        for name in "ABC":
            story.tell(name, severity="critical")
        story.wait(2)
        assert len(story.log) == expected
        story.wait(60)
        assert sum(len(n.alerts) for n in story.log) == 3


STEPS = st.lists(
    st.tuples(
        st.sampled_from("ABCD"), st.sampled_from(["firing", "firing", "resolved"]),
        st.integers(0, 40),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 3))
def test_never_more_than_the_most_and_nothing_is_lost(
    steps: list[tuple[str, str, int]], most: int
) -> None:
    story = throttled(max=most)
    for name, status, pause in steps:
        story.tell(name, status=status)
        story.wait(pause, step=5)
    story.wait(400, step=5)
    times = [n.created_at for n in story.log]
    for first, later in zip(times, times[most:], strict=False):
        assert (later - first).total_seconds() >= 60
    firing = [a for n in story.log if n.kind in {"firing", "digest"} for a in n.alerts]
    ended = [a for n in story.log if n.kind == "resolved" for a in n.alerts]
    assert len(firing) == len(set(firing))
    assert len(ended) == len(set(ended))
    assert {a.id for a in story.fold.firing()} == set(firing) - set(ended)
    assert set(ended) <= set(firing)
