"""The settings file changes under a running tocsin: its rules are taken over, nothing is lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import yaml

from tests.serving import served

DISK = {"name": "disk", "match": {"any": ["No space"]}, "for": {"count": 2, "within": "1h"}}
OOM = {"name": "oom", "match": {"any": ["OutOfMemory"]}, "where": {"app": "shop"}}


def rewrite(directory: Path, **changes: Any) -> None:
    path = directory / "config.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump({**settings, **changes}), "utf-8")


def write(directory: Path, line: str) -> None:
    with (directory / "app.log").open("a") as log:
        log.write(line + "\n")


async def test_rules_are_taken_over_without_a_restart(place: Path) -> None:
    (place / "app.log").touch()
    log = {"name": "shop", "paths": [str(place / "app.log")], "labels": {"app": "shop"}}
    async with served(place, logs=[log], rules=[DISK]) as service:
        write(place, "No space left")
        rewrite(place, rules=[DISK, OOM])
        service.process.send_signal(signal.SIGHUP)
        await service.until("/api/v1/rules/oom", lambda rule: rule["version"] == 1)
        write(place, "OutOfMemory")
        write(place, "No space left")  # the window remembers the first one
        found = await service.until("/api/v1/alerts", lambda a: len(a["items"]) == 2)
        assert {a["rule"] for a in found["items"]} == {"disk", "oom"}
        assert all(a["count"] == 1 for a in found["items"])

        rewrite(place, rules=[{**OOM, "severity": "critical"}, {"name": "b", "match": 7}, {}])
        ready = await service.until(
            "/readyz", lambda r: any("mistakes" in part["reason"] for part in r["parts"])
        )
        assert ready["status"] == "ready"
        assert (await service.get("/api/v1/rules/disk"))["version"] == 1
        assert "mistakes" in await service.say("/status")

        rewrite(place, rules=[{**OOM, "severity": "critical"}])  # seen without a signal
        await service.until("/api/v1/rules/oom", lambda rule: rule["version"] == 2)
        ready = await service.get("/readyz")
        assert not any("mistakes" in part["reason"] for part in ready["parts"])


async def test_a_name_that_the_api_has_already(place: Path) -> None:
    async with served(place) as service:
        await service.post("/api/v1/rules", OOM, 201)
        rewrite(place, rules=[OOM])
        service.process.send_signal(signal.SIGHUP)
        await service.until(
            "/readyz", lambda r: any("rules[0].name" in part["reason"] for part in r["parts"])
        )
        assert (await service.get("/api/v1/rules/oom"))["origin"] == "api"
