"""So many times more than before, beside a model that keeps everything and counts it anew."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.config.conditions import Spike as SpikeSettings
from core.decide.condition.condition import Match, Spoken
from core.decide.condition.memory import Memory
from core.decide.condition.spike import Spike
from tests.core.decide.condition.restart import restarted

WINDOW = 20  # seconds, so that a step is one second
SETTINGS = SpikeSettings.model_validate({"window": WINDOW, "ratio": 2, "min_count": 3})
STEP = st.tuples(
    st.sampled_from(["a", "b"]), st.integers(0, 12), st.integers(0, WINDOW), st.booleans()
)


class Model:
    """Every hit there was, in whole seconds."""

    def __init__(self, since: int) -> None:
        self.since = since
        self.hits: dict[str, list[int]] = {}

    def seen(self, key: str, at: int) -> bool:
        hits = self.hits.setdefault(key, [])
        hits.append(at)
        for end in hits:
            if not at <= end < at + WINDOW or end - 2 * WINDOW < self.since:
                continue
            now = sum(end - WINDOW < hit <= end for hit in hits)
            before = sum(end - 2 * WINDOW < hit <= end - WINDOW for hit in hits)
            if now >= 3 and now >= 2 * before:
                return True
        return False


@given(st.lists(STEP, max_size=60))
def test_it_compares_as_the_model_does_through_late_events_and_restarts(
    steps: list[tuple[str, int, int, bool]],
) -> None:
    condition, now = Spike(SETTINGS, ()), 1000
    memory, model = Memory("", now, now), Model(now)
    for key, pause, late, restart in steps:
        now += pause
        if restart:
            memory = restarted(memory)
        at = max(now - late, 1000)
        spoken = condition.seen(Match(key, at, now), memory)
        assert (spoken is not None) == model.seen(key, at)
        for past in [k for k, s in memory.slots.items() if condition.is_past(s, now)]:
            memory.drop(past)


LONG = SETTINGS.model_copy(update={"window": timedelta(seconds=100)})


def burst(condition: Spike, memory: Memory, at: float, n: int) -> list[Spoken | None]:
    return [condition.seen(Match("a", at, at), memory) for _ in range(n)]


def test_nothing_is_said_before_two_windows_were_watched() -> None:
    condition, memory = Spike(LONG, ()), Memory("", 1000, 1000)
    assert not any(burst(condition, memory, 1150, 50))
    # Then it is: none before, three now.
    condition, memory = Spike(LONG, ()), Memory("", 1000, 1000)
    assert burst(condition, memory, 1200, 3)[-1] == Spoken({"count": "3", "previous": "0"})


def test_what_stays_high_is_no_spike_any_more() -> None:
    condition, memory = Spike(LONG, ()), Memory("", 0, 0)
    said = [condition.seen(Match("a", float(at), float(at)), memory) for at in range(1000, 1400)]
    assert said[50] is not None
    assert said[399] is None


def test_a_gap_makes_it_learn_anew() -> None:
    condition, memory = Spike(LONG, ()), Memory("", 0, 0)
    condition.unseen(memory, 5, 1000)
    assert memory.since == 0
    condition.unseen(memory, 3600, 5000)
    assert not any(burst(condition, memory, 5100, 50))
    condition.unseen(memory, -3600, 1400)  # the clock was set back
    assert not any(burst(condition, memory, 1500, 50))
    assert any(burst(condition, memory, 1700, 120))
