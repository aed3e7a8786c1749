"""Values that were never seen, or not for long; and values that change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.config.conditions import Change as ChangeSettings
from core.config.conditions import NewValue as NewValueSettings
from core.decide.condition.change import Change
from core.decide.condition.condition import Match, Spoken
from core.decide.condition.memory import MAX_KEYS, Memory
from core.decide.condition.new_value import NewValue
from tests.core.decide.condition.restart import restarted

LEARN, WITHIN = 50, 1000
NEW = NewValueSettings.model_validate({"field": "user", "learn": LEARN, "within": WITHIN})
STEP = st.tuples(
    st.sampled_from(["a", "b"]), st.sampled_from("xyz"), st.integers(0, 400), st.booleans()
)


@given(st.lists(STEP, max_size=60))
def test_a_value_is_new_as_the_model_says_through_restarts(
    steps: list[tuple[str, str, int, bool]],
) -> None:
    condition, now = NewValue(NEW, ()), 1000
    memory = Memory("", now, now)
    noted: dict[tuple[str, str], int] = {}
    for key, value, pause, restart in steps:
        now += pause
        if restart:
            memory = restarted(memory)
        spoken = condition.seen(Match(key, now, now, value=value), memory)
        last = noted.get((key, value))
        new = last is None or now - last > WITHIN
        assert (spoken is not None) == (new and now >= 1000 + LEARN)
        if last is None or now - last >= WITHIN / 100:
            noted[key, value] = now
        for past in [k for k, s in memory.slots.items() if condition.is_past(s, now)]:
            memory.drop(past)


def test_a_known_value_costs_nothing_and_values_are_bounded() -> None:
    condition, memory = NewValue(NEW, ()), Memory("", 0, 0)
    condition.seen(Match("", 1, 1, value="x"), memory)
    memory.dirty.clear()
    condition.seen(Match("", 2, 2, value="x"), memory)
    assert not memory.dirty
    for n in range(MAX_KEYS + 10):
        condition.seen(Match("", 100, 100, value=str(n)), memory)
    assert len(memory.slots) == MAX_KEYS
    assert condition.seen(Match("", 200, 200), memory) is None  # without the field


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(-5, 50), st.booleans())
    )
)
def test_a_change_is_told_once_and_what_is_late_says_nothing(
    steps: list[tuple[str, str, int, bool]],
) -> None:
    condition, memory = Change(ChangeSettings(field="v"), ()), Memory("", 0, 0)
    present: dict[str, tuple[int, str]] = {}
    now = at = 1000
    for key, value, pause, restart in steps:
        now += abs(pause)
        at = now + min(pause, 0) * 3
        if restart:
            memory = restarted(memory)
        spoken = condition.seen(Match(key, at, now, value=value), memory)
        known = present.get(key)
        if known is not None and at < known[0]:
            assert spoken is None
            continue
        expected = known is not None and known[1] != value
        assert spoken == (Spoken({"previous": known[1]}) if expected and known else None)
        present[key] = (at, value)


def test_a_change_is_seen_after_the_clock_was_set_back() -> None:
    condition, memory = Change(ChangeSettings(field="v"), ()), Memory("", 0, 0)
    condition.seen(Match("a", 5000, 5000, value="1"), memory)
    assert condition.seen(Match("a", 1400, 1400, value="2"), memory) == Spoken({"previous": "1"})
    assert condition.seen(Match("a", 1401, 1401, value="2"), memory) is None
