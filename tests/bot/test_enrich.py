"""The model beside the first message: in it when it is fast, one reply when it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving import BASE, Served, served
from tests.sim.dingtalk import DingTalkSim, Group, Robot, wait_for
from tests.sim.llm import Behaviour, ModelServer

SUMMARY = "The data disk of the shop is full."
REPLY = json.dumps(
    {
        "summary": SUMMARY,
        "severity": "high",
        "key_errors": ["No space left on device"],
        "causes": [],
        "suggestions": [],
    }
)


def settings(robot: Robot, model: ModelServer, **ai: Any) -> dict[str, Any]:
    return {
        "language": "en",
        "channels": [
            {"name": "ops", "type": "dingtalk_robot", "webhook": robot.webhook,
             "secret": robot.secret},
        ],
        "receivers": [{"name": "room", "channels": ["ops"]}],
        "ai": {"enabled": True, "base_url": model.base_url, "api_key": "k", "model": "m", **ai},
    }  # fmt: skip


def disk_full(severity: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": "DiskFull", "host": "db-01"},
        "severity": severity,
        "annotations": {"summary": "No space left on device"},
    }


async def kinds(tocsin: Served) -> list[str]:
    page = await tocsin.get("/api/v1/notifications")
    return sorted(n["kind"] for n in page["items"])


def told(group: Group, text: str) -> int:
    return sum(text in message.text for message in group.messages)


async def test_a_fast_model_is_in_the_first_message(place: Path) -> None:
    async with DingTalkSim() as sim, ModelServer(REPLY) as model:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "1" * 64)
        async with served(place, **settings(robot, model, wait="3s")) as tocsin:
            await tocsin.post("/api/v1/events", disk_full("warning"), 202)
            await wait_for(lambda: group.messages)
            await tocsin.until(
                "/api/v1/incidents/INC-1", lambda i: i["analysis"]["meta"]["model"] == "m"
            )
            assert await kinds(tocsin) == ["firing"]
        assert told(group, SUMMARY) == 1
        assert len(group.messages) == 1


async def test_a_slow_model_is_told_in_one_reply_also_through_a_restart(place: Path) -> None:
    async with DingTalkSim() as sim, ModelServer(REPLY) as model:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "1" * 64)
        model.behaviours = ["hang"]
        house = settings(robot, model, timeout="10s")
        async with served(place, **house) as tocsin:
            await tocsin.post("/api/v1/events", disk_full("critical"), 202)
            await wait_for(lambda: group.messages)  # critical waits for nobody
            assert told(group, SUMMARY) == 0
            await model.arrived.wait()
            model.released.set()
            await wait_for(lambda: told(group, SUMMARY) == 1, 15)
            assert await kinds(tocsin) == ["firing", "reply"]
        async with served(place, **house) as tocsin:
            await tocsin.post("/api/v1/events", disk_full("critical"), 202)
            await tocsin.until("/api/v1/alerts/ALT-1", lambda a: a["count"] == 2)
            assert await kinds(tocsin) == ["firing", "reply"]
        assert len(group.messages) == 2


@pytest.mark.parametrize("behaviour", ["500", "not_json", "401"])
async def test_a_model_that_fails_costs_nobody_a_message(place: Path, behaviour: Behaviour) -> None:
    async with DingTalkSim() as sim, ModelServer(REPLY) as model:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "1" * 64)
        model.behaviours = [behaviour]
        async with served(place, **settings(robot, model, timeout="2s")) as tocsin:
            await tocsin.post("/api/v1/events", disk_full("critical"), 202)
            await wait_for(lambda: group.messages)
            incident = await tocsin.until(
                "/api/v1/incidents/INC-1",
                lambda i: i["analysis"] and i["analysis"]["meta"]["error_class"] != "disabled",
            )
            assert incident["analysis"]["meta"]["degraded"]
            assert incident["analysis"]["summary"]
            assert await kinds(tocsin) == ["firing"]


async def test_similar_incidents_that_cannot_be_found_keep_nobody_from_the_alert(
    place: Path,
) -> None:
    async with DingTalkSim() as sim, ModelServer(REPLY) as model:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "1" * 64)
        # An embedder that the model service does not have.
        house = {
            **settings(robot, model),
            "knowledge": {**BASE["knowledge"], "embedder": "openai:none", "starter": True},
        }
        async with served(place, **house) as tocsin:
            await tocsin.post("/api/v1/events", disk_full("critical"), 202)
            await wait_for(lambda: group.messages, 15)
            assert "DiskFull" in group.messages[0].text
