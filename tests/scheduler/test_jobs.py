"""Recurring jobs: never twice at once, and a failure is not the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.errors import StoreError
from scheduler.jobs import Jobs
from tests.scheduler.work import until

OFTEN = 0.02  # seconds


@pytest.fixture
async def jobs() -> AsyncIterator[Jobs]:
    made = Jobs()
    yield made
    made.stop()


async def test_a_job_runs_again_and_again(jobs: Jobs) -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)

    jobs.every(OFTEN, "job", work)
    assert runs == []
    jobs.start()
    await until(lambda: len(runs) >= 3)


async def test_a_job_never_runs_twice_at_once(jobs: Jobs) -> None:
    began: list[int] = []
    gate = asyncio.Event()
    others: list[int] = []

    async def slow() -> None:
        began.append(1)
        await gate.wait()

    async def other() -> None:
        others.append(1)

    jobs.every(OFTEN, "slow", slow)
    jobs.every(OFTEN, "other", other)
    jobs.start()
    await until(lambda: len(others) >= 5)  # meanwhile it was its turn several times
    assert len(began) == 1
    gate.set()
    await until(lambda: len(began) >= 2)


@pytest.mark.parametrize("error", [StoreError("the disk is full"), ValueError("a mistake")])
async def test_a_job_that_fails_is_tried_again(jobs: Jobs, error: Exception) -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise error

    jobs.every(OFTEN, "job", work)
    jobs.start()
    await until(lambda: len(runs) >= 4)


async def test_after_a_stop_nothing_begins(jobs: Jobs) -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)

    jobs.every(OFTEN, "job", work)
    jobs.start()
    await until(lambda: runs)
    jobs.stop()
    jobs.stop()  # once more does no harm
    ended = len(runs)
    await asyncio.sleep(4 * OFTEN)
    assert len(runs) == ended


async def test_stopping_in_the_middle_of_a_job_is_no_crash(
    jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    jobs.every(OFTEN, "job", work)
    jobs.start()
    await began.wait()
    jobs.stop()
    await ended.wait()
    await asyncio.sleep(0.01)  # a crash would be logged after it
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
