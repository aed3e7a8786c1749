"""A mapping with a mistake, mended by a restart: what was rejected meanwhile is not lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.serving import HOOK, served

BODY = {"cluster": "east", "alerts": [{"check": {"name": "MappedDiskFull"}, "node": "db-01"}]}


def hooks(name: str) -> list[dict[str, Any]]:
    mapping = {
        "items": "alerts",
        "common": {"cluster": "cluster"},
        "labels": {"alertname": name, "host": "node"},
    }
    auth = {"bearer": HOOK}
    return [{"name": "m", "source": "generic", "auth": auth, "mapping": mapping}]


async def test_rejected_replayed_and_decided(tmp_path: Path) -> None:
    async with served(tmp_path, hooks=hooks("chek.name")) as tocsin:
        problem = await tocsin.post("/hooks/generic/m", BODY, 422, HOOK)
        assert problem["errors"] == [
            {"path": "items[0].labels.alertname", "message": "chek.name finds nothing"}
        ]
        rejected = (await tocsin.get("/api/v1/events/rejected"))["items"][0]  # the newest first
        replay = f"/api/v1/events/rejected/{rejected['id']}/replay"
        await tocsin.post(replay, None, 422)
    async with served(tmp_path, hooks=hooks("check.name")) as tocsin:
        assert (await tocsin.post(replay, None, 202))["accepted"] == 1
        await tocsin.post(replay, None, 404)
        page = await tocsin.until(
            "/api/v1/alerts?label=alertname=MappedDiskFull", lambda page: page["items"]
        )
        labels = page["items"][0]["labels"]
        assert (labels["alertname"], labels["host"], labels["cluster"]) == (
            "MappedDiskFull", "db-01", "east",
        )  # fmt: skip
