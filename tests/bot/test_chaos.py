"""Many machines under fire, in a short form; `python -m bench chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import survive


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["embedded", "procrastinate"])
async def test_killed_and_paused_they_lose_nothing_and_double_nothing(
    place: Path, engine: str
) -> None:
    outcome = await survive(place, 24, 3, engine=engine)
    assert outcome.faults() == {}, outcome
    assert outcome.killed
    assert outcome.paused
    assert outcome.epochs > 1
    assert outcome.reckoning.accepted
