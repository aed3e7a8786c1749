"""The whole service as a process: start, crash, restart, stop, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ADMIN, BASE, HOOK, served, start
from tests.sim.dingtalk import DingTalkSim, Forgery, User, wait_for
from tests.sim.receiver import SECRET, Receiver


def alert(name: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}}


async def test_from_a_log_line_to_an_answer_in_the_room(place: Path) -> None:
    log = place / "shop.log"
    log.write_text("INFO started\n", "utf-8")
    async with served(
        place,
        logs=[{"name": "shop", "paths": [str(log)], "labels": {"app": "shop"}}],
        rules=[
            {
                "name": "DiskFull",
                "match": {"any": ["No space left on device"]},
                "resolve": {"match": {"any": ["recovered"]}},
                "severity": "critical",
            }
        ],
        knowledge={"starter": True},
    ) as tocsin:
        with log.open("a", encoding="utf-8") as file:
            file.write("ERROR write failed: No space left on device password=hunter2\n")
        incident = await tocsin.until("/api/v1/incidents/INC-1", lambda i: i["similar"])
        assert incident["severity"] == "critical"
        assert (
            incident["analysis"]["meta"] | {"model": "rules", "degraded": True}
            == (incident["analysis"]["meta"])
        )
        assert len(incident["similar"]) == 2
        assert all(item["fix"] for item in incident["similar"])
        assert "hunter2" not in json.dumps(incident)
        assert "INC-1" in await tocsin.say("/ack INC-1 处理中")
        assert "DiskFull" in await tocsin.say("/why")
        assert "KB-" in await tocsin.say("/search 磁盘满")
        with log.open("a", encoding="utf-8") as file:
            file.write("INFO disk usage 41%, recovered\n")
        await tocsin.until("/api/v1/incidents/INC-1", lambda i: i["status"] == "resolved")
        drafts = await tocsin.until("/api/v1/articles?status=draft", lambda a: a["items"])
        draft = await tocsin.get(f"/api/v1/articles/{drafts['items'][0]['id']}")
        assert "No space left on device" in draft["body"]


async def test_kill_9_after_202_loses_nothing(place: Path) -> None:
    route = {**BASE["route"], "group_interval": "1s"}
    for turn in range(3):
        async with served(place, route=route) as tocsin:
            answers = await asyncio.gather(
                *(
                    tocsin.post("/api/v1/events", alert("Crash", serial=f"{turn}-{i}"), 202)
                    for i in range(20)
                )
            )
            assert all(answer["accepted"] == 1 for answer in answers)
            await tocsin.stop(signal.SIGKILL)
    async with served(place, route=route) as tocsin:
        await tocsin.until("/api/v1/alerts?limit=500", lambda a: len(a["items"]) == 60)
        found = await tocsin.get("/api/v1/alerts?limit=500")
        assert len({a["fingerprint"] for a in found["items"]}) == 60
        incidents = await tocsin.get("/api/v1/incidents")
        assert [i["id"] for i in incidents["items"]] == ["INC-1"]
        assert incidents["items"][0]["alert_count"] == 60
        told = await tocsin.until(
            "/api/v1/notifications?limit=500",
            lambda n: (
                {a for row in n["items"] for a in row["alerts"]}
                >= {a["id"] for a in found["items"]}
            ),
        )
        firing = [a for row in told["items"] if row["kind"] == "firing" for a in row["alerts"]]
        assert len(firing) == len(set(firing))


@pytest.mark.sqlite  # on PostgreSQL any number may serve
async def test_a_second_serve_on_the_same_data_is_refused(place: Path) -> None:
    async with served(place):
        second = await start(place, BASE)
        _out, err = await second.communicate()
        assert second.returncode == 2
        assert "another tocsin serves" in err.decode()


async def test_it_stops_within_ten_seconds(place: Path) -> None:
    async with Receiver([500]) as receiver:
        hook = {"name": "out", "type": "webhook", "url": receiver.url, "secret": SECRET,
                "events": ["alert.*"]}  # fmt: skip
        async with served(place, channels=[*BASE["channels"], hook]) as tocsin:
            for i in range(50):
                await tocsin.post("/api/v1/events", alert("A", serial=str(i)), 202)
            began = time.monotonic()
            assert await tocsin.stop() == 0
            assert time.monotonic() - began < 10


async def test_the_first_token_is_shown_once_and_not_logged(place: Path) -> None:
    settings = {"auth": {"admin_token": ""}}
    async with served(place, **settings) as tocsin:
        token = next(word for word in tocsin.said.split() if word.startswith("tocsin_"))
        await tocsin.post("/api/v1/events", alert("A"), 202, token=token)
        await tocsin.post("/api/v1/events", alert("A"), 401, token="wrong")
    async with served(place, **settings) as tocsin:
        assert "tocsin_" not in tocsin.said


async def test_wrong_settings_are_all_named_and_exit_2(place: Path) -> None:
    process = await start(place, {"server": {"port": "x"}, "nonsense": 1, "timezone": "Mars"})
    _out, err = await process.communicate()
    assert process.returncode == 2
    paths = {line.split(":", 1)[0] for line in err.decode().splitlines()}
    assert paths == {"server.port", "nonsense", "timezone"}


async def test_alerts_reach_a_dingtalk_group_and_its_answers_come_back(place: Path) -> None:
    wei, guest = User("0147", "李伟"), User("0999", "somebody")
    async with DingTalkSim() as sim:
        group = sim.world.add_group("ops", [wei, guest])
        robot = sim.world.add_robot(group, secret="SEC" + "7" * 64)
        app = sim.world.add_app(group=group)
        async with served(
            place,
            people=[{"name": "li.wei", "role": "responder", "dingtalk_user_id": "0147"}],
            channels=[
                {"name": "ops", "type": "dingtalk_robot", "webhook": robot.webhook,
                 "secret": robot.secret},
                {"name": "app", "type": "dingtalk_app", "client_id": app.client_id,
                 "client_secret": app.client_secret, "robot_code": app.robot_code,
                 "api_base": sim.url, "oapi_base": sim.url},
            ],
            receivers=[{"name": "room", "channels": ["ops"]}],
        ) as tocsin:  # fmt: skip
            hook = {
                "version": "4",
                "status": "firing",
                "alerts": [{"status": "firing", "labels": {"alertname": "HostDown", "host": "a"}}],
            }
            await tocsin.post("/hooks/alertmanager/main", hook, 202, token=HOOK)
            message = await wait_for(lambda: group.messages and group.messages[0])
            assert "HostDown" in message.text
            sent = await tocsin.until(
                "/api/v1/notifications", lambda n: n["items"][0]["state"] == "sent"
            )
            assert sent["items"][0]["receipt"]["code"] == "0"
            await wait_for(lambda: sim.gateway.connections)
            await sim.say(group, guest, "/ack INC-1")
            await wait_for(lambda: len(group.messages) == 2)
            assert (await tocsin.get("/api/v1/incidents/INC-1"))["status"] == "triggered"
            await sim.say(group, wei, " ／ack INC-1 我来看")
            incident = await tocsin.until(
                "/api/v1/incidents/INC-1", lambda i: i["status"] == "acknowledged"
            )
            assert incident["acknowledged_by"] == "li.wei"
            assert ADMIN not in json.dumps([m.text for m in group.messages])


async def test_a_robot_that_refuses_is_a_dead_letter_with_its_own_words(place: Path) -> None:
    async with DingTalkSim() as sim:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "7" * 64)
        channel = {"name": "ops", "type": "dingtalk_robot", "webhook": robot.webhook,
                   "secret": "SEC" + "8" * 64}  # fmt: skip
        receivers = [{"name": "room", "channels": ["ops"]}]
        async with served(place, channels=[channel], receivers=receivers) as tocsin:
            await tocsin.post("/api/v1/events", alert("A"), 202)
            found = await tocsin.until("/api/v1/notifications?status=dead", lambda n: n["items"])
            receipt = found["items"][0]["receipt"]
            assert receipt["code"] == "310000"
            assert "签名" in receipt["text"]
            assert group.messages == []


async def test_a_dingtalk_app_in_http_mode_is_heard_once_and_only_when_signed(
    place: Path,
) -> None:
    wei = User("0147", "李伟")
    async with DingTalkSim() as sim:
        group = sim.world.add_group("ops", [wei])
        app = sim.world.add_app(group=group, callback_url="http://127.0.0.1:1/")
        channel = {"name": "app", "type": "dingtalk_app", "mode": "http",
                   "client_id": app.client_id, "client_secret": app.client_secret,
                   "robot_code": app.robot_code, "api_base": sim.url,
                   "oapi_base": sim.url}  # fmt: skip
        async with served(
            place,
            people=[{"name": "li.wei", "role": "responder", "dingtalk_user_id": "0147"}],
            channels=[*BASE["channels"], channel],
        ) as tocsin:
            app.callback_url = f"{tocsin.url}/chat/dingtalk/app/callback"
            await tocsin.post("/api/v1/events", alert("A"), 202)
            await tocsin.until("/api/v1/incidents/INC-1", lambda i: i["status"] == "triggered")
            await sim.say(group, wei, "/ack INC-1", forgery=Forgery(secret="guessed"))
            assert (await tocsin.get("/api/v1/incidents/INC-1"))["status"] == "triggered"
            await sim.say(group, wei, "/ack INC-1", msg_id="m1")
            acknowledged = await wait_for(lambda: group.messages and group.messages[-1])
            assert "INC-1" in acknowledged.text
            await sim.say(group, wei, "/ack INC-1", msg_id="m1")
            assert (await tocsin.get("/api/v1/incidents/INC-1"))["acknowledged_by"] == "li.wei"
            assert len(group.messages) == 1
            await tocsin.post("/chat/dingtalk/other/callback", {}, 404)
