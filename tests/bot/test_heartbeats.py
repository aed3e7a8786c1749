"""Heartbeats of a running tocsin: missed, told, over, also across a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.serving import HOOK, served

HEARTBEATS = [
    {"name": "jobs", "source": "hook:main", "every": "3s"},
    {"name": "dog", "source": "hook:main", "every": "1h", "matchers": ['alertname="Watchdog"']},
]


def is_missed(status: str) -> Any:
    def look(page: Any) -> bool:
        found = [a for a in page["items"] if a["labels"]["alertname"] == "HeartbeatMissed"]
        return [a["status"] for a in found[:1]] == [status]  # the newest first

    return look


async def test_missed_told_and_over(tmp_path: Path) -> None:
    watchdog = {"alerts": [{"status": "firing", "labels": {"alertname": "Watchdog"}}]}
    async with served(tmp_path, language="en", heartbeats=HEARTBEATS) as tocsin:
        page = await tocsin.until("/api/v1/alerts", is_missed("firing"))
        alert = next(a for a in page["items"] if a["labels"]["alertname"] == "HeartbeatMissed")
        assert alert["labels"]["heartbeat"] == "jobs"
        await tocsin.until(
            "/chat/web/room/messages?after=0",
            lambda page: any("has not said anything within 3s" in m["text"] for m in page["items"]),
        )
        assert "heartbeat:jobs" in await tocsin.say("/status")
        ready = await tocsin.get("/readyz")  # a silent source is no fault of tocsin's
        assert {"heartbeat:jobs", "heartbeat:dog"} <= {p["name"] for p in ready["parts"]}
        await tocsin.post("/hooks/alertmanager/main", watchdog, 202, HOOK)
        await tocsin.until("/api/v1/alerts", is_missed("resolved"))
        await tocsin.until("/api/v1/alerts", is_missed("firing"))
    # What is missed stays missed over a restart, and a word ends it.
    async with served(tmp_path, language="en", heartbeats=HEARTBEATS) as tocsin:
        page = await tocsin.get("/api/v1/alerts")
        dog = next(a for a in page["items"] if a["labels"]["alertname"] == "Watchdog")
        why = await tocsin.get(f"/api/v1/alerts/{dog['id']}/why")
        assert why["stages"][-1]["reason"] == "heartbeat"
        assert why["notifications"] == []
        answer = await tocsin.post("/hooks/alertmanager/main", {"alerts": []}, 202, HOOK)
        assert answer == {"accepted": 0}
        await tocsin.until("/api/v1/alerts", is_missed("resolved"))
