"""An OSS, and stations that send to it or to a local target."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.config.load import parse_settings
from core.store import Database
from tests.core.upload.station import Station
from tests.sim.oss import OssServer


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def oss() -> AsyncIterator[OssServer]:
    """An OSS with the bucket `bucket`."""
    async with OssServer() as server:
        yield server


Build = Callable[..., Any]


@pytest.fixture
def build(db: Database, tmp_path: Path) -> Build:
    """`async with build(...) as station:`; target is `local` or an OssServer's endpoint."""

    @asynccontextmanager
    async def make(
        endpoint: str = "", start: bool = True, target: dict[str, Any] | None = None, **files: Any
    ) -> AsyncIterator[Station]:
        watched, objects = tmp_path / "watched", tmp_path / "objects"
        watched.mkdir(exist_ok=True)
        entry: dict[str, Any] = {"name": "main", "type": "local", "path": str(objects)}
        if endpoint:
            entry = {
                "name": "main", "type": "oss", "bucket": "bucket", "endpoint": endpoint,
                "ak": "LTAItest", "sk": "secret-of-the-test",
            }  # fmt: skip
        settings = parse_settings(
            {
                "language": "en",
                "data_dir": str(tmp_path / "data"),
                "targets": [{**entry, **(target or {})}],
                "files": [
                    {
                        "name": "reports",
                        "watch_dir": [str(watched)],
                        "silence": "50ms",
                        "target": "main",
                        "upload_retry_delays": ["5ms", "5ms", "5ms"],
                        **files,
                    }
                ],
            },
            {},
        )
        station = Station(db, settings, watched, objects)
        if start:
            await station.queue.start()
        try:
            yield station
        finally:
            await station.queue.stop(0.1)

    return make
