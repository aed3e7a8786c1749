"""When a failed upload is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.config.settings import FileSource
from core.upload.retry import LONGEST, MAX_ATTEMPTS, next_delay


def source(**changes: Any) -> FileSource:
    return FileSource.model_validate({"name": "s", "watch_dir": "/x", "target": "t", **changes})


def test_the_settings_delays_come_first_then_they_grow() -> None:
    delays = [next_delay(source(), n, jitter=lambda _low, high: high) for n in range(1, 9)]
    seconds = [None if d is None else d.total_seconds() for d in delays]
    assert seconds == [1, 2, 5, 10, 20, 40, 80, None]


def test_retries_can_be_switched_off() -> None:
    assert next_delay(source(upload_retry_enabled=False), 1) is None


def test_more_delays_mean_more_attempts() -> None:
    many = source(upload_retry_delays=["1s"] * 12)
    assert next_delay(many, 12) == timedelta(seconds=1)
    assert next_delay(many, 13) is None


def test_without_delays_it_starts_at_a_second() -> None:
    first = next_delay(source(upload_retry_delays=[]), 1, jitter=lambda _low, high: high)
    assert first == timedelta(seconds=2)


def test_the_target_may_ask_for_more_time() -> None:
    assert next_delay(source(), 1, retry_after=30) == timedelta(seconds=30)
    assert next_delay(source(), 1, retry_after=10**9) == LONGEST


@given(st.lists(st.integers(0, 10_000), max_size=12), st.integers(1, 40))
def test_waits_are_bounded_and_end(delays: list[int], attempts: int) -> None:
    given_ = source(upload_retry_delays=delays)
    delay = next_delay(given_, attempts)
    if attempts >= max(MAX_ATTEMPTS, len(delays) + 1):
        assert delay is None
    elif attempts <= len(delays):
        assert delay == timedelta(seconds=delays[attempts - 1])
    else:
        assert delay is not None
        assert timedelta(seconds=0.5) <= delay <= LONGEST
