"""kill -9 under load: nothing accepted is lost, nothing is told twice (`python -m bench kills`
does it two hundred times)."""

from __future__ import annotations

from pathlib import Path

from tests.kills import survive


async def test_kills_lose_nothing_and_double_nothing(place: Path) -> None:
    reckoning = await survive(place, kills=4, seed=1)
    assert reckoning.faults() == {}
    assert reckoning.accepted > 0
    assert reckoning.notifications > 0
