"""A real Alertmanager posts to the hook: an alert becomes an incident, its end resolves it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.serving import HOOK, served

pytestmark = pytest.mark.e2e


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def alertmanager(directory: Path, receiver: str) -> AsyncIterator[str]:
    """A real Alertmanager that tells `receiver`; yields its address."""
    config = {
        "route": {
            "receiver": "tocsin",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "1s",
        },
        "receivers": [
            {
                "name": "tocsin",
                "webhook_configs": [
                    {
                        "url": receiver,
                        "send_resolved": True,
                        "http_config": {"authorization": {"credentials": HOOK}},
                    }
                ],
            }
        ],
    }
    file = directory / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config), "utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        "prometheus-alertmanager",
        f"--config.file={file}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{url}/-/ready") as answer:
                        if answer.status == 200:
                            break
                await asyncio.sleep(0.05)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def post(url: str, alerts: list[dict[str, Any]]) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/api/v2/alerts", json=alerts) as answer:
            assert answer.status == 200, await answer.text()


async def test_from_firing_to_resolved(place: Path) -> None:
    firing = {
        "labels": {"alertname": "HostDown", "host": "db-1", "severity": "critical"},
        "annotations": {"summary": "db-1 没有响应"},
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
    }
    async with served(place) as tocsin:
        hook = f"{tocsin.url}/hooks/alertmanager/main"
        async with alertmanager(place, hook) as url:
            await post(url, [firing, {"labels": {"alertname": "Slow", "severity": "warning"}}])
            incident = await tocsin.until("/api/v1/incidents/INC-1", lambda i: i["alert_count"])
            assert incident["status"] == "triggered"
            found = await tocsin.until("/api/v1/alerts", lambda a: len(a["items"]) == 2)
            alerts = {a["labels"]["alertname"]: a for a in found["items"]}
            assert alerts["HostDown"]["severity"] == "critical"
            assert alerts["HostDown"]["annotations"]["summary"] == "db-1 没有响应"
            assert "prometheus.example" in str(alerts["HostDown"]["links"])
            number = alerts["HostDown"]["incident"]
            assert "HostDown" in await tocsin.say(f"/why {number}")
            ended = datetime.now(UTC) - timedelta(seconds=1)
            await post(url, [{**firing, "endsAt": ended.isoformat()}])
            await tocsin.until(f"/api/v1/incidents/{number}", lambda i: i["status"] == "resolved")
