"""Escalation from end to end: whom a robot calls, what an acknowledgement stops, kill -9."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.serving import BASE, Served, served
from tests.sim.dingtalk import DingTalkSim, Group, User, wait_for

PEOPLE = [
    {"name": "li.wei", "role": "responder", "mobile": "13800001111", "dingtalk_user_id": "0147"},
    {"name": "wang.fang", "role": "responder", "dingtalk_user_id": "0148"},
]
USERS = [User("0147", "李伟", "13800001111"), User("0148", "王芳")]
SCHEDULES = [{"name": "primary", "layers": [{"start": "2020-01-06", "people": ["wang.fang"]}]}]
BREACH = {
    "events": [{"labels": {"alertname": "DiskFull", "host": "db-01"}, "severity": "critical"}]
}


def settings(policy: dict[str, Any], *channels: dict[str, Any]) -> dict[str, Any]:
    return {
        "language": "en",
        "people": PEOPLE,
        "schedules": SCHEDULES,
        "channels": [*BASE["channels"], *channels],
        "route": {**BASE["route"], "escalation": "night"},
        "escalation": [{"name": "night", **policy}],
    }


async def escalations(tocsin: Served) -> list[dict[str, Any]]:
    page = await tocsin.get("/api/v1/notifications?limit=500")
    return [n for n in page["items"] if n["escalation"]]


def calls(group: Group) -> list[tuple[str, ...]]:
    return [m.mentions for m in group.messages]


async def test_a_robot_calls_people_and_whoever_is_on_call(place: Path) -> None:
    async with DingTalkSim() as sim:
        group = sim.world.add_group("ops", USERS)
        robot = sim.world.add_robot(group, secret="SEC" + "6" * 64)
        ops = {"name": "ops", "type": "dingtalk_robot", "webhook": robot.webhook,
               "secret": robot.secret}  # fmt: skip
        policy = {
            "steps": [
                {"after": "1s", "notify": ["ops"], "mention": ["li.wei"]},
                {"after": "2s", "notify": ["ops"], "mention": ["@primary", "li.wei"]},
                {"after": "600s"},
            ]
        }
        async with served(place, **settings(policy, ops)) as tocsin:
            await tocsin.post("/api/v1/events", BREACH, 202)
            await wait_for(lambda: len(group.messages) == 2, 15)
            assert calls(group) == [("0147",), ("0147", "0148")]
            first, second = group.messages
            assert first.at["atMobiles"] == ["13800001111"]
            assert "Escalation night, step 1 of 3" in first.text
            assert "Calling li.wei" in first.text
            assert "wang.fang (on call in primary), li.wei" in second.text
            assert second.text.endswith("@13800001111 @0148")
            assert "escalate: Escalation night, step 2 of 3" in await tocsin.say("/why ALT-1")
            incident = await tocsin.until(
                "/api/v1/incidents/INC-1",
                lambda i: (
                    "Escalated to ops, calling wang.fang, li.wei"
                    in [e["text"] for e in i["timeline"]]
                ),
            )
            assert [e["kind"] for e in incident["timeline"]].count("escalation") == 2
            # Someone takes over, and is the one who is called by hand.
            said = await tocsin.say("/oncall override primary li.wei 1h")
            assert said.startswith("OVR-1")
            assert "li.wei" in await tocsin.say("/oncall")
            assert "⏫" in await tocsin.say("/escalate INC-1 help")
            sent = await escalations(tocsin)
            assert (sent[0]["channel"], sent[0]["escalation"]["step"]) == ("room", 3)
            assert sent[0]["escalation"]["by"] == "admin"


async def test_an_app_tells_the_group_and_those_it_calls(place: Path) -> None:
    async with DingTalkSim() as sim:
        group = sim.world.add_group("ops", USERS)
        app = sim.world.add_app(group=group, callback_url="http://127.0.0.1:1/")
        ops = {"name": "app", "type": "dingtalk_app", "mode": "http",
               "client_id": app.client_id, "client_secret": app.client_secret,
               "robot_code": app.robot_code, "api_base": sim.url, "oapi_base": sim.url,
               "conversation_id": group.conversation_id}  # fmt: skip
        policy = {"steps": [{"after": "1s", "notify": ["app"], "mention": ["primary"]}]}
        async with served(place, **settings({**policy, "fallback_after": "1h"}, ops)) as tocsin:
            await tocsin.post("/api/v1/events", BREACH, 202)
            await wait_for(lambda: group.messages, 15)
            assert "wang.fang (on call in primary)" in group.messages[0].text

            def called() -> list[str]:
                return [
                    user.staff_id
                    for chat in sim.world.groups.values()
                    if chat.one_to_one and chat.messages
                    for user in chat.members
                ]

            await wait_for(called, 15)
            assert called() == ["0148"]


async def test_an_acknowledgement_stops_what_was_not_sent_yet(place: Path) -> None:
    policy = {"steps": [{"after": "1s"}, {"after": "2s"}], "repeat": 5}
    async with served(place, **settings(policy)) as tocsin:
        await tocsin.post("/api/v1/events", BREACH, 202)
        await tocsin.until("/api/v1/notifications", lambda n: any(
            i["escalation"] and i["state"] == "sent" for i in n["items"]))  # fmt: skip
        incident = await tocsin.get("/api/v1/incidents/INC-1")
        assert incident["escalation"]["policy"] == "night"
        assert "escalation night" in await tocsin.say("/show INC-1")
        await tocsin.post("/api/v1/incidents/INC-1/acknowledge", {})
        before = len(await escalations(tocsin))
        await asyncio.sleep(1.5)  # the next step would have come
        after = await escalations(tocsin)
        assert len(after) == before
        incident = await tocsin.get("/api/v1/incidents/INC-1")
        at = incident["acknowledged_at"]
        assert incident["escalation"]["due_at"] is None
        assert "escalation night" not in await tocsin.say("/show INC-1")
        assert all(n["sent_at"] < at for n in after if n["state"] == "sent")
        await tocsin.post("/api/v1/incidents/INC-1/unacknowledge", {})
        await tocsin.until("/api/v1/notifications", lambda n: sum(
            bool(i["escalation"]) for i in n["items"]) > before)  # fmt: skip


async def test_kill_9_between_the_steps_repeats_none_and_loses_none(place: Path) -> None:
    policy = {
        "steps": [{"after": f"{n}ms"} for n in (500, 1000, 2000)],
        "repeat": 1,
        "fallback_after": "1s",
    }
    whole = settings(policy)

    def done(page: dict[str, Any], count: int) -> bool:
        return sum(bool(n["escalation"]) for n in page["items"]) >= count

    for count in (1, 3, 5):
        async with served(place, **whole) as tocsin:
            if count == 1:
                await tocsin.post("/api/v1/events", BREACH, 202)
            await tocsin.until("/api/v1/notifications?limit=500", lambda n, c=count: done(n, c))
            await tocsin.stop(signal.SIGKILL)
    async with served(place, **whole) as tocsin:
        await tocsin.until("/api/v1/notifications?limit=500", lambda n: done(n, 7))
        await tocsin.until(
            "/api/v1/notifications?limit=500",
            lambda n: {i["state"] for i in n["items"]} == {"sent"},
        )
        told = Counter(
            (n["escalation"]["cycle"], n["escalation"]["step"]) for n in await escalations(tocsin)
        )
        assert told == {(c, s): 1 for c in (1, 2) for s in (1, 2, 3)} | {(2, 0): 1}
        lines = (await tocsin.get("/chat/web/room/messages"))["items"]
        shown = [line["text"] for line in lines if "Escalation night" in line["text"]]
        assert len(shown) == len(set(shown)) == 7


@pytest.mark.postgres
async def test_who_takes_over_goes_on_with_the_steps(place: Path) -> None:
    policy = {"steps": [{"after": f"{n}s"} for n in (1, 8, 9)], "fallback_after": "1s"}
    whole = settings(policy)
    path = "/api/v1/notifications?limit=500"
    for name in ("one", "two"):
        (place / name).mkdir()
    async with served(place / "one", **whole) as one, served(place / "two", **whole) as two:
        await one.post("/api/v1/events", BREACH, 202)
        await one.until(path, lambda n: any(i["escalation"] for i in n["items"]))
        parts = (await one.get("/readyz"))["parts"]
        decides = next(p["reason"] for p in parts if p["name"] == "decide") == ""
        decider, other = (one, two) if decides else (two, one)
        await decider.stop(signal.SIGKILL)
        await other.until(path, lambda n: sum(bool(i["escalation"]) for i in n["items"]) >= 4, 30)
        told = [n["escalation"]["step"] for n in await escalations(other)]
        assert sorted(told) == [0, 1, 2, 3]
