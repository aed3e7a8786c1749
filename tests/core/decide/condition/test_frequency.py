"""So often within so long, beside a model that keeps everything and counts it anew each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.config.conditions import For
from core.decide.condition.condition import Match, Spoken
from core.decide.condition.frequency import Frequency
from core.decide.condition.memory import MAX_KEYS, Memory
from tests.core.decide.condition.restart import restarted

WITHIN = 60


class Model:
    """Every hit since the last time it was full, for each key."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.hits: dict[str, list[float]] = {}

    def seen(self, key: str, at: float) -> bool:
        hits = self.hits.setdefault(key, [])
        hits.append(at)
        full = any(
            sum(end - WITHIN < hit <= end for hit in hits) >= self.count
            for end in hits
            if at <= end < at + WITHIN
        )
        if full:
            hits.clear()
        return full


# Each comes a while after the last, and tells of a moment up to a window before it.
STEP = st.tuples(
    st.sampled_from(["a", "b"]), st.integers(0, 90), st.integers(0, WITHIN), st.booleans()
)


@given(st.integers(2, 5), st.lists(STEP, max_size=60))
def test_it_counts_as_the_model_does_through_late_events_and_restarts(
    count: int, steps: list[tuple[str, int, int, bool]]
) -> None:
    condition = Frequency(For(count=count, within=WITHIN), ())
    memory, model = Memory("", 0, 0), Model(count)
    now = 1000.0
    for key, pause, late, restart in steps:
        now += pause
        if restart:
            memory = restarted(memory)
        facts = condition.seen(Match(key, now - late, now), memory)
        assert (facts is not None) == model.seen(key, now - late)
        # What is forgotten for its age is never missed.
        for past in [k for k, s in memory.slots.items() if condition.is_past(s, now)]:
            memory.drop(past)


@given(st.lists(st.integers(-7200, 7200), max_size=8), st.integers(2, 6))
def test_a_clock_that_jumps_does_not_make_it_blind(jumps: list[int], count: int) -> None:
    condition = Frequency(For(count=count, within=WITHIN), ())
    memory, now = Memory("", 0, 0), 100_000.0
    for jump in jumps:
        now += jump
        condition.seen(Match("a", now, now), memory)
    fired = []
    for _ in range(count):
        now += 1
        fired.append(condition.seen(Match("a", now, now), memory) is not None)
    assert any(fired)


def test_many_are_counted_in_steps_and_what_is_kept_is_bounded() -> None:
    condition = Frequency(For(count=5000, within=WITHIN), ())
    memory, at = Memory("", 0, 0), 0.0
    for i in range(4999):
        at = i * (WITHIN - 2) / 5000
        assert condition.seen(Match("a", at, at), memory) is None
    (slot,) = memory.slots.values()
    assert len(slot.hits) <= 101
    assert condition.seen(Match("a", at, at), memory) == Spoken({"count": "5000"})
    for i in range(20_000):  # never often enough
        condition.seen(Match("a", i * 1000.0, 0), memory)
    (slot,) = memory.slots.values()
    assert len(slot.hits) == 400


def test_a_repeat_of_what_fires_needs_no_window() -> None:
    condition = Frequency(For(count=3, within=WITHIN), ())
    memory = Memory("", 0, 0)
    assert condition.seen(Match("a", 1, 1, repeats=4), memory) == Spoken({"count": "7"})
    assert not memory.slots


def test_keys_are_bounded_those_seen_lately_stay() -> None:
    condition = Frequency(For(count=2, within=WITHIN), ())
    memory = Memory("", 0, 0)
    for n in range(MAX_KEYS + 50):
        condition.seen(Match("first", 1, 1), memory) if n == 0 else None
        condition.seen(Match(f"k{n}", 1, 1), memory)
    assert len(memory.slots) == MAX_KEYS
    assert "first" not in memory.slots
    assert condition.seen(Match(f"k{MAX_KEYS + 49}", 1, 1), memory) is not None
