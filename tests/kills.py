"""kill -9 at random instants under load, and the reckoning afterwards.

Producers post events and people acknowledge while a `tocsin serve` is killed again and again. What
was answered with 202 is written down here; at the end the books of the service, and the group that
it told, are held against it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.serving import ADMIN, BASE, Served, served
from tests.sim.dingtalk import DingTalkSim, Group, Robot, Rules

NAMES = 12  # incidents
PRODUCERS = 3
_ALERT = re.compile(r"ALT-\d+")


@dataclass
class Reckoning:
    """What came of it. All but the first four must be zero; `told_again` is what the group saw
    twice of an alert in one firing episode."""

    kills: int = 0
    accepted: int = 0
    unanswered: int = 0
    notifications: int = 0
    lost_events: int = 0
    wrong_status: int = 0
    doubled_incidents: int = 0
    alerts_told_by_two_notifications: int = 0
    firing_alerts_never_told: int = 0
    notifications_lost: int = 0
    told_again: int = 0

    def faults(self) -> dict[str, int]:
        """What must not be."""
        counted = ("kills", "accepted", "unanswered", "notifications")
        return {k: v for k, v in asdict(self).items() if v and k not in counted}


@dataclass
class Book:
    """What the producers know. status: the last one that was accepted, by key; unsure: keys whose
    last post was not answered."""

    events: list[str] = field(default_factory=list)
    status: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    unanswered: int = 0


def plain_settings(robot: Robot) -> dict[str, Any]:
    """A group is told at once, and an alert is what was said of it last: none ends by silence,
    and one that changes often is not held for flapping."""
    channel = {
        "name": "ops",
        "type": "dingtalk_robot",
        "webhook": robot.webhook,
        "secret": robot.secret,
        "rate_per_minute": 0,
    }
    return {
        "channels": [channel],
        "receivers": [{"name": "room", "channels": ["ops"]}],
        "route": {**BASE["route"], "group_interval": "1s", "repeat_interval": "1d"},
        "resolve_timeout": "1d",
        "flapping": {"enabled": False},
    }


async def survive(place: Path, kills: int, seed: int) -> Reckoning:
    """Kill it so often, then let it finish its work and reckon."""
    dice = random.Random(seed)
    book = Book()
    async with DingTalkSim(rules=Rules(rate_limit=0)) as sim:
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "6" * 64)
        settings = plain_settings(robot)
        for _ in range(kills):
            async with served(place, **settings) as tocsin:
                load = [
                    asyncio.create_task(_produce(tocsin, i, book, dice)) for i in range(PRODUCERS)
                ]
                load.append(asyncio.create_task(_acknowledge(tocsin, dice)))
                await asyncio.sleep(dice.uniform(0, 1.5))
                await tocsin.stop(signal.SIGKILL)
                await asyncio.gather(*load)
        async with served(place, **settings) as tocsin:
            return await reckon(tocsin, book, group, kills)


async def _produce(tocsin: Served, who: int, book: Book, dice: random.Random) -> None:
    """Post batches until the service is gone. Each producer has keys of its own."""
    mine = [k for k in {**book.status, **dict.fromkeys(book.unsure)} if k.startswith(f"{who}-")]
    async with _session() as session:
        while True:
            batch: dict[str, str] = {}
            for _ in range(dice.randint(1, 20)):
                if mine and dice.random() < 0.5:
                    key = dice.choice(mine)
                    ends = key in book.status and dice.random() < 0.33  # it did begin
                    batch[key] = "resolved" if ends else "firing"
                else:
                    key = f"{who}-{len(mine)}"
                    mine.append(key)
                    batch[key] = "firing"
            events = [
                {
                    "labels": {"alertname": f"Storm{hash_of(key) % NAMES:02}", "key": key},
                    "status": status,
                    "dedup_key": key,
                    "severity": "warning",
                }
                for key, status in batch.items()
            ]
            try:
                async with session.post(
                    tocsin.url + "/api/v1/events", json={"events": events}
                ) as a:
                    if a.status != 202:
                        raise aiohttp.ClientError(str(a.status))
                    book.events += (await a.json())["ids"]
                    book.status |= batch
                    book.unsure -= batch.keys()
            except (aiohttp.ClientError, ConnectionError):
                book.unanswered += len(batch)
                book.unsure |= batch.keys()
                return
            await asyncio.sleep(dice.uniform(0, 0.05))


async def _acknowledge(tocsin: Served, dice: random.Random) -> None:
    """Someone in the chat is awake."""
    async with _session() as session:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            while True:
                path = f"/api/v1/incidents/{dice.randint(1, NAMES)}/acknowledge"
                async with session.post(tocsin.url + path, json={}) as answer:
                    assert answer.status in {200, 404, 409}, answer.status
                await asyncio.sleep(dice.uniform(0, 0.2))


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {ADMIN}"})


def hash_of(key: str) -> int:
    """The same in every process, as `hash` is not."""
    return sum(key.encode())


async def reckon(tocsin: Served, book: Book, group: Group, kills: int) -> Reckoning:
    """Let it finish its work, and hold its books against the producers'."""
    found = Reckoning(kills=kills, accepted=len(book.events), unanswered=book.unanswered)
    if book.events:  # the newest is decided last
        await tocsin.until(f"/api/v1/events/{book.events[-1]}", lambda e: e["alert"], 60)
    for status in ("pending", "sending", "failed"):
        await tocsin.until(
            f"/api/v1/notifications?status={status}", lambda page: not page["items"], 60
        )
    alert_of = {e: (await tocsin.get(f"/api/v1/events/{e}"))["alert"] for e in book.events}
    found.lost_events = sum(alert is None for alert in alert_of.values())
    alerts = {a["id"]: a for a in await every(tocsin, "/api/v1/alerts")}
    ours = [a for a in alerts.values() if "key" in a["labels"]]  # others are tocsin's about itself
    latest = {a["labels"]["key"]: a for a in sorted(ours, key=number)}
    found.wrong_status = sum(
        key not in latest or latest[key]["status"] != status
        for key, status in book.status.items()
        if key not in book.unsure
    )
    incidents = await every(tocsin, "/api/v1/incidents")
    unresolved = Counter(i["labels"]["alertname"] for i in incidents if i["status"] != "resolved")
    found.doubled_incidents = sum(count - 1 for count in unresolved.values())
    rows = await every(tocsin, "/api/v1/notifications")
    found.notifications = len(rows)
    found.notifications_lost = sum(r["state"] != "sent" for r in rows if not r.get("merged_into"))
    telling = Counter(a for r in rows if r["kind"] in {"firing", "digest"} for a in r["alerts"])
    found.alerts_told_by_two_notifications = sum(count - 1 for count in telling.values())
    found.firing_alerts_never_told = sum(
        a["status"] == "firing" and short not in telling for short, a in alerts.items()
    )
    told = Counter(a for m in group.messages for a in set(_ALERT.findall(m.text)))
    found.told_again = sum(max(told[a] - 2, 0) for a in told)  # it fires, and it is over
    return found


def number(alert: dict[str, Any]) -> int:
    """The number of an alert's short id."""
    return int(alert["id"].rpartition("-")[2])


async def every(tocsin: Served, path: str) -> list[Any]:
    """All items of a list, page after page."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = await tocsin.get(
            f"{path}?limit=500&cursor={cursor}" if cursor else f"{path}?limit=500"
        )
        items += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return items
