"""What is not seen for so long: raised by time, over when it is seen again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.config.conditions import Absence as AbsenceSettings
from core.decide.condition.absence import Absence
from core.decide.condition.condition import Match, Missed
from core.decide.condition.memory import Memory
from core.decide.fingerprint import fingerprint
from tests.core.decide.condition.restart import restarted

FOR = 60
SETTINGS = AbsenceSettings.model_validate({"for": FOR})
STEP = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 90), st.integers(0, 90), st.booleans())


@given(st.lists(STEP, max_size=50))
def test_it_misses_what_the_model_misses_through_late_events_and_restarts(
    steps: list[tuple[str, int, int, bool]],
) -> None:
    condition, now = Absence(SETTINGS, ("host",)), 1000
    memory = Memory("", now, now)
    condition.begun(memory, now)
    last: dict[str, int] = {}
    missing: set[str] = set()
    for key, pause, late, restart in steps:
        for _ in range(pause):
            now += 1
            told = {m.key for m in condition.missed(memory, now)}
            expected = {k for k, at in last.items() if now >= at + FOR and k not in missing}
            assert told == expected
            missing |= expected
        if restart:
            memory = restarted(memory)
        at = now - late
        spoken = condition.seen(Match(key, at, now, by=(key,)), memory)
        is_there = at + FOR > now
        assert (spoken is not None) == is_there
        if is_there or key in last:
            last[key] = max(last.get(key, 0), at)
        if is_there:
            missing.discard(key)


def test_without_by_the_rule_waits_from_its_beginning() -> None:
    condition, memory = Absence(SETTINGS, ()), Memory("", 0, 0)
    condition.begun(memory, 0)
    assert condition.missed(memory, FOR - 1) == []
    assert condition.next_due(memory) == FOR
    assert condition.missed(memory, FOR) == [Missed(fingerprint(), ())]
    assert condition.missed(memory, FOR * 5) == []
    assert condition.next_due(memory) is None
    spoken = condition.seen(Match(fingerprint(), 400, 400), memory)
    assert spoken is not None
    assert spoken.ends
    assert condition.missed(memory, 459) == []
    assert len(list(condition.missed(memory, 460))) == 1


def test_time_in_which_nobody_looked_does_not_count() -> None:
    condition, memory = Absence(SETTINGS, ()), Memory("", 0, 0)
    condition.begun(memory, 0)
    condition.unseen(memory, 3600, 3630)
    assert condition.missed(memory, 3659) == []
    assert condition.missed(memory, 3660)
    # A clock that was set back does not make it wait longer either.
    condition, memory = Absence(SETTINGS, ()), Memory("", 0, 0)
    condition.begun(memory, 10_000)
    condition.unseen(memory, -3600, 6430)
    assert condition.missed(memory, 6459) == []
    assert condition.missed(memory, 6460)


def test_after_a_start_those_who_read_get_a_moment() -> None:
    condition, memory = Absence(SETTINGS, ()), Memory("", 0, 0)
    condition.begun(memory, 0)
    memory = restarted(memory)
    condition.begun(memory, FOR)
    assert condition.missed(memory, FOR + 9) == []
    assert condition.missed(memory, FOR + 10)
