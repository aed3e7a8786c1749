"""amtool works with tocsin as with an Alertmanager."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.programs import amtool
from tests.serving import ADMIN, served

pytestmark = pytest.mark.e2e


def with_token(url: str, token: str) -> str:
    return url.replace("http://", f"http://x:{token}@")


async def test_alerts_are_added_and_queried(place: Path) -> None:
    async with served(place) as tocsin:
        run = partial(amtool, with_token(tocsin.url, ADMIN))
        await run("alert", "add", "DiskFull", "host=db-1", "severity=page",
                  "--annotation=summary=磁盘写满")  # fmt: skip
        await run("alert", "add", "alertname=Slow", "host=web-1", "--end=2099-01-01T00:00:00Z")
        assert "磁盘写满" in await run("alert", "query")
        assert "Slow" not in await run("alert", "query", "DiskFull")
        assert "DiskFull" not in await run("alert", "query", 'host=~"web-.*"')
        found = json.loads(await run("-o", "json", "alert", "query", "host=db-1"))
        assert found[0]["labels"] == {
            "alertname": "DiskFull", "host": "db-1", "severity": "page"
        }  # fmt: skip
        assert "DiskFull" in await run("-o", "extended", "alert", "query", "--receiver=room")
        assert "DiskFull" not in await run("alert", "query", "--receiver=nobody")
        assert "INC-" in await tocsin.say("/incidents")
        await run("alert", "add", "DiskFull", "host=db-1", "severity=page",
                  "--end=2026-01-01T00:00:00Z", "--start=2026-01-01T00:00:00Z")  # fmt: skip
        assert "DiskFull" not in await run("alert", "query")


async def test_silences_live_their_whole_life(place: Path) -> None:
    async with served(place) as tocsin:
        run = partial(amtool, with_token(tocsin.url, ADMIN))
        await run("alert", "add", "DiskFull", "host=db-1")
        made = (await run("silence", "add", "DiskFull", 'host=~"db-.*"', "rack!=r1",
                          "--duration=2h", "--comment=发布", "--author=ann")).strip()  # fmt: skip
        assert made in await run("silence", "query")
        assert "发布" in await run("silence", "query", "DiskFull")
        assert made not in await run("silence", "query", "alertname=Other")
        assert "DiskFull" not in await run("alert", "query")
        assert "DiskFull" in await run("alert", "query", "--silenced")
        assert "SIL-1" in str(await tocsin.get("/api/v1/silences"))

        await run("silence", "update", made, "--comment=更长", "--duration=4h")
        assert "更长" in await run("-o", "extended", "silence", "query")
        [ours] = (await tocsin.get("/api/v1/silences"))["items"]
        assert (ours["id"], ours["comment"], ours["created_by"]) == ("SIL-1", "更长", "ann")

        kept = place / "silences.json"
        kept.write_text(await run("-o", "json", "silence", "query"), "utf-8")
        await run("silence", "expire", made)
        assert "DiskFull" in await run("alert", "query")
        assert made in await run("silence", "query", "--expired")
        assert made not in await run("silence", "query")
        await run("silence", "import", "--force", str(kept))
        assert "更长" in await run("silence", "query")
        await run("silence", "expire", *(await run("silence", "query", "-q")).split())
        assert "DiskFull" in await run("alert", "query")


async def test_it_looks_at_the_configuration_and_the_cluster(place: Path) -> None:
    routes = {
        "receiver": "room",
        "routes": [{"matchers": ['severity="page"'], "receiver": "night", "continue": True}],
    }
    receivers = [{"name": name, "channels": ["room"]} for name in ("room", "night")]
    async with served(place, route=routes, receivers=receivers) as tocsin:
        run = partial(amtool, with_token(tocsin.url, ADMIN))
        assert "disabled" in await run("cluster", "show")
        assert "receiver: room" in await run("config", "show")
        assert "night" in await run("config", "routes", "show")
        assert "night" in await run("config", "routes", "test", "severity=page")


async def test_a_token_decides(place: Path) -> None:
    people = [{"name": "prom", "role": "ingest", "tokens": ["post-only"]}]
    async with served(place, people=people) as tocsin:
        run = partial(amtool, with_token(tocsin.url, "post-only"))
        await run("alert", "add", "DiskFull")
        await run("alert", "query", fails=True)
        await run("silence", "add", "DiskFull", "--comment=x", fails=True)
        await amtool(tocsin.url, "alert", "query", fails=True)
    async with served(place, auth={"admin_token": ADMIN, "alertmanager_api": "open"}) as tocsin:
        assert "DiskFull" in await amtool(tocsin.url, "alert", "query")
