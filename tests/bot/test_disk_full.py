"""A disk that takes no more: refused with 503, nothing lost, and well again when there is room."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.serving import Served, served

EVENT = {"labels": {"alertname": "A"}}


def limit_files(tocsin: Served, size: int) -> None:
    """No file of the process may grow beyond this: what a full disk is to a writer."""
    _soft, hard = resource.prlimit(tocsin.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(tocsin.process.pid, resource.RLIMIT_FSIZE, (size, hard))


@pytest.mark.sqlite
async def test_a_full_disk_refuses_and_recovers(place: Path) -> None:
    async with served(place) as tocsin:
        await tocsin.post("/api/v1/events", EVENT, 202)
        await tocsin.until("/api/v1/alerts/ALT-1", lambda a: a["count"] == 1)
        limit_files(tocsin, 0)
        for _ in range(3):
            problem = await tocsin.post("/api/v1/events", EVENT, 503)
            assert problem["status"] == 503
        # What was there can still be read.
        assert (await tocsin.get("/api/v1/alerts/ALT-1"))["count"] == 1
        limit_files(tocsin, resource.RLIM_INFINITY)
        await tocsin.post("/api/v1/events", EVENT, 202)
        await tocsin.until("/api/v1/alerts/ALT-1", lambda a: a["count"] == 2)
        assert await tocsin.stop() == 0
    async with served(place) as tocsin:
        assert (await tocsin.get("/api/v1/alerts/ALT-1"))["count"] == 2
