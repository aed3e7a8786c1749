"""A storm on a robot that may send a few messages a minute: every alert is told, once."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

from tests.serving import BASE, Served, served
from tests.sim.dingtalk import DingTalkSim, Group, Robot, Rules, wait_for

INCIDENTS, HOSTS = 30, 8
_ALERT = re.compile(r"ALT-\d+")


def settings(robot: Robot, per_minute: int) -> dict[str, Any]:
    return {
        "channels": [
            {"name": "ops", "type": "dingtalk_robot", "webhook": robot.webhook,
             "secret": robot.secret, "rate_per_minute": per_minute},
        ],
        "receivers": [{"name": "room", "channels": ["ops"]}],
        "route": {**BASE["route"], "group_wait": "1s", "group_interval": "1s"},
    }  # fmt: skip


async def pour(tocsin: Served) -> None:
    """All at once, so that all groups are due in one moment."""
    events = [
        {"labels": {"alertname": f"Storm{number:02}", "host": f"web-{host:02}"}}
        for number in range(INCIDENTS)
        for host in range(HOSTS)
    ]
    answer = await tocsin.post("/api/v1/events", {"events": events}, 202)
    assert answer["accepted"] == INCIDENTS * HOSTS


def told_in(group: Group) -> list[str]:
    """The alerts that the group's messages name, one entry for each time."""
    return [alert for message in group.messages for alert in _ALERT.findall(message.text)]


async def told_by(tocsin: Served) -> list[str]:
    """The alerts of all notifications, when all are told, one entry for each telling."""
    page = await tocsin.until(
        "/api/v1/notifications?limit=500",
        lambda page: {row["state"] for row in page["items"]} == {"sent"},
    )
    return [
        alert
        for row in page["items"]
        if row["kind"] in {"firing", "digest"}
        for alert in row["alerts"]
    ]


async def test_what_waits_is_told_in_digests_within_the_budget(place: Path) -> None:
    async with DingTalkSim(rules=Rules(rate_limit=8)) as sim:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "6" * 64)
        async with served(place, **settings(robot, 8)) as tocsin:
            await pour(tocsin)
            await wait_for(lambda: len(set(told_in(group))) == INCIDENTS * HOSTS, 20)
            told = await told_by(tocsin)
        assert len(told) == len(set(told)) == INCIDENTS * HOSTS
        assert len(told_in(group)) == INCIDENTS * HOSTS
        assert len(group.messages) <= 8
        assert robot.limit.blocked_until == 0


async def test_a_crash_in_the_storm_tells_nothing_twice_and_forgets_nothing(place: Path) -> None:
    async with DingTalkSim(rules=Rules(rate_limit=0)) as sim:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "6" * 64)
        async with served(place, **settings(robot, 0)) as tocsin:
            await pour(tocsin)
            await wait_for(lambda: group.messages, 20)
            await tocsin.stop(signal.SIGKILL)
        async with served(place, **settings(robot, 0)) as tocsin:
            await wait_for(lambda: len(set(told_in(group))) == INCIDENTS * HOSTS, 30)
            told = await told_by(tocsin)
        assert len(told) == len(set(told)) == INCIDENTS * HOSTS
        assert len(told_in(group)) == INCIDENTS * HOSTS
