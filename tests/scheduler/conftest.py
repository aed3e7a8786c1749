"""The contract of a task queue is tested on every engine that the database allows."""

from __future__ import annotations

import pytest

from scheduler import procrastinate_queue
from tests.scheduler import work


@pytest.fixture(params=sorted(work.ENGINES))
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each engine in its turn; procrastinate looks more often than it does at work."""
    monkeypatch.setattr(work, "chosen", work.ENGINES[request.param])
    monkeypatch.setattr(procrastinate_queue, "POLL", 0.05)
    monkeypatch.setattr(procrastinate_queue, "SWEEP", 0.1)
    monkeypatch.setattr(procrastinate_queue, "GRACE", 0.05)
    return str(request.param)
