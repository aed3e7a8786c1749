"""A real Alertmanager posts to the hook: an alert becomes an incident, its end resolves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.programs import alertmanager
from tests.serving import HOOK, served

pytestmark = pytest.mark.e2e


def telling(receiver: str) -> dict[str, Any]:
    """The configuration of an Alertmanager that tells `receiver` at once."""
    return {
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
        async with alertmanager(place, telling(hook)) as url:
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
