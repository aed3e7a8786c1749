"""Several processes on one PostgreSQL: any of them takes what comes, and one decides."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.serving import ADMIN, BASE, Served, served, start
from tests.sim.receiver import SECRET, Receiver

pytestmark = pytest.mark.postgres
PATIENCE = 30.0


def alert(name: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}}


async def post_alerts(replica: Served, labels: dict[str, str]) -> None:
    """As Prometheus does; the answer has no body."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{replica.url}/api/v2/alerts", json=[{"labels": labels}]) as said:
            assert said.status == 200


def end(process: asyncio.subprocess.Process) -> None:
    """Leave no process behind, also when a test fails."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def decides(replica: Served) -> bool:
    parts = (await replica.get("/readyz"))["parts"]
    return next(p["reason"] for p in parts if p["name"] == "decide") == ""


async def sorted_by_role(replicas: list[Served]) -> tuple[Served, Served]:
    """The one that decides, and the other."""
    async with asyncio.timeout(PATIENCE):
        while True:
            roles = [await decides(r) for r in replicas]
            if sum(roles) == 1:
                return replicas[roles.index(True)], replicas[roles.index(False)]
            await asyncio.sleep(0.05)


@pytest.fixture
async def two(place: Path) -> AsyncIterator[tuple[Served, Served]]:
    async with AsyncExitStack() as stack:
        replicas = []
        for name in ("one", "two"):
            (place / name).mkdir()
            replicas.append(await stack.enter_async_context(served(place / name)))
        yield await sorted_by_role(replicas)


async def test_every_call_does_the_same_on_every_replica(two: tuple[Served, Served]) -> None:
    decider, other = two
    for number, replica in enumerate((decider, other), start=1):
        await replica.post("/api/v1/events", alert(f"A{number}"), 202)
        path = f"/api/v1/incidents/INC-{number}"
        await replica.until(path, lambda i: i["status"] == "triggered")
        answer = await replica.post(f"{path}/acknowledge", {"comment": "on it", "for": "2h"})
        assert (answer["status"], answer["acknowledged_by"]) == ("acknowledged", "admin")
        assert (await replica.post(f"{path}/resolve", {}))["status"] == "resolved"
        refused = await replica.post(f"{path}/acknowledge", {}, 409)
        assert refused["type"] == "about:blank"
        await replica.post("/api/v1/incidents/INC-99/acknowledge", {}, 404)
        silence = {"matchers": ['app="shop"'], "for": "1h", "comment": "deploy"}
        made = await replica.post("/api/v1/silences", silence, 201)
        await replica.post("/api/v1/silences", {**silence, "matchers": ["app"]}, 422)
        assert made["id"] == f"SIL-{number}"
        assert f"INC-{number}" in await replica.say(f"/show INC-{number}")
    assert "INC-1" in await other.say("/reopen INC-1")
    seen = await decider.get("/api/v1/incidents/INC-1")
    assert seen["status"] == "triggered"


async def test_alertmanagers_api_reads_and_writes_on_both(two: tuple[Served, Served]) -> None:
    for number, replica in enumerate(two, start=1):
        labels = {"alertname": f"Api{number}", "host": "a"}
        await post_alerts(replica, labels)
        for reader in two:
            found = await reader.get(f'/api/v2/alerts?filter=alertname="Api{number}"')
            assert [a["labels"] for a in found] == [labels]


async def test_what_is_said_in_a_room_of_one_is_heard_in_the_other(
    two: tuple[Served, Served],
) -> None:
    decider, other = two
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{other.url}/chat/web/room/stream") as stream:
            await decider.say("/note INC-1 hello across")
            async with asyncio.timeout(PATIENCE):
                async for line in stream.content:
                    if b"hello across" in line:
                        break


async def test_when_the_decider_dies_the_other_goes_on(two: tuple[Served, Served]) -> None:
    decider, other = two
    await other.post("/api/v1/events", alert("Before"), 202)
    await other.until("/api/v1/incidents/INC-1", lambda i: i["status"] == "triggered")
    await decider.stop(signal.SIGKILL)
    await other.post("/api/v1/events", alert("After"), 202)
    # Asked while nobody decides: it is answered by the next one.
    answer = await other.post("/api/v1/incidents/INC-1/acknowledge", {})
    assert answer["status"] == "acknowledged"
    assert await decides(other)
    await other.until("/api/v1/incidents/INC-2", lambda i: i["title"])


async def test_a_paused_decider_is_followed_and_does_as_the_others_when_it_comes_back(
    two: tuple[Served, Served],
) -> None:
    decider, other = two
    decider.process.send_signal(signal.SIGSTOP)
    await other.post("/api/v1/events", alert("Meanwhile"), 202)
    await other.until("/api/v1/incidents/INC-1", lambda i: i["title"], PATIENCE)
    decider.process.send_signal(signal.SIGCONT)
    answer = await decider.post("/api/v1/incidents/INC-1/acknowledge", {})
    assert answer["status"] == "acknowledged"
    assert not await decides(decider)
    await decider.post("/api/v1/events", alert("Again"), 202)
    await other.until("/api/v1/incidents/INC-2", lambda i: i["title"], PATIENCE)
    items = (await other.get("/api/v1/incidents"))["items"]
    assert sorted(i["id"] for i in items) == ["INC-1", "INC-2"]


async def test_a_decider_that_stops_hands_over_at_once(two: tuple[Served, Served]) -> None:
    decider, other = two
    assert await decider.stop() == 0
    await other.until(
        "/readyz", lambda r: any(p["name"] == "decide" and not p["reason"] for p in r["parts"])
    )


async def test_one_process_of_a_machine_reads_its_logs(place: Path) -> None:
    log = place / "shop.log"
    log.write_text("", "utf-8")
    rule = {"name": "Bad", "match": {"any": ["bad"]}, "severity": "critical"}
    settings = {"logs": [{"name": "shop", "paths": [str(log)]}], "rules": [rule]}
    for name in ("one", "two"):
        (place / name).mkdir()
    async with served(place / "one", **settings) as one, served(place / "two", **settings) as two:
        for i in range(5):
            with log.open("a", encoding="utf-8") as file:
                file.write(f"bad {i}\n")
        await two.until("/api/v1/alerts", lambda a: a["items"] and a["items"][0]["count"] == 5)
        await one.stop(signal.SIGKILL)
        with log.open("a", encoding="utf-8") as file:
            file.write("bad again\n")
        await two.until("/api/v1/alerts", lambda a: a["items"][0]["count"] == 6, seconds=PATIENCE)


@pytest.mark.parametrize("engine", ["embedded", "procrastinate"])
async def test_workers_send_what_the_replicas_decide(place: Path, engine: str) -> None:
    async with Receiver() as receiver, AsyncExitStack() as stack:
        out = {"name": "out", "type": "webhook", "url": receiver.url, "secret": SECRET}
        settings = {
            **BASE,
            "channels": [out],
            "receivers": [{"name": "room", "channels": ["out"]}],
            "tasks": {"engine": engine, "in_serve": False},
        }
        (place / "worker").mkdir()
        (place / "serve").mkdir()
        async with served(place / "serve", **settings) as tocsin:
            worker = await start(place / "worker", settings, "worker", "--queues", "notify,upload")
            stack.callback(end, worker)
            await tocsin.post("/api/v1/events", alert("A"), 202)
            await tocsin.until(
                "/api/v1/notifications",
                lambda n: [each["state"] for each in n["items"]] == ["sent", "sent"],
                PATIENCE,
            )
            worker.send_signal(signal.SIGTERM)
            _out, err = await worker.communicate()
            assert worker.returncode == 0, err.decode()
            assert "Traceback" not in err.decode()
        assert sorted(receiver.types) == ["alert.firing", "incident.triggered"]


@pytest.mark.parametrize("queues", ["mail", "notify,mail"])
async def test_a_worker_refuses_queues_that_there_are_not(place: Path, queues: str) -> None:
    worker = await start(place, BASE, "worker", "--queues", queues)
    _out, err = await worker.communicate()
    assert worker.returncode == 2
    assert "there is no queue 'mail'; there are notify" in err.decode()
