"""From a line in a log to the robot's 200: 1,000 lines, each an alert of its own, group_wait 0.

The peer is the DingTalk simulator with its limit off: it checks the signature and the body as the
platform does. Times are taken where they happen: when the line was written, when the robot's
message was stored.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.server import tocsin
from tests.sim.dingtalk import DingTalkSim, Rules

LINES = 1000
PER_SECOND = 40
SECRET = "SEC" + "5" * 64
_NUMBER = re.compile(r"order (\d+) failed")


def run() -> dict[str, Any]:
    """p50, p99 and the longest, in milliseconds."""
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    rules = Rules(rate_limit=0)
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-log-") as name:
        log = Path(name) / "shop.log"
        log.touch()
        async with DingTalkSim(rules=rules) as sim:
            group = sim.world.add_group("ops")
            robot = sim.world.add_robot(group, secret=SECRET)
            settings = _settings(robot.webhook, log)
            service = await asyncio.to_thread(_enter, settings)
            try:
                written = await _write(log)
                await _wait(group.messages)
            finally:
                await asyncio.to_thread(service.__exit__, None, None, None)
            arrived = _arrivals(group.messages)
    delays = sorted(1000 * (arrived[n] - written[n]) for n in written if n in arrived)
    return {
        "lines": LINES,
        "per_second": PER_SECOND,
        "delivered": len(delays),
        "p50_ms": round(delays[len(delays) // 2]),
        "p99_ms": round(delays[int(len(delays) * 0.99) - 1]),
        "longest_ms": round(delays[-1]),
        "target_p99_ms": 500,
    }


def _enter(settings: dict[str, Any]) -> Any:
    service = tocsin(**settings)
    service.__enter__()
    time.sleep(3)  # the embedder is loaded in the background
    return service


def _settings(webhook: str, log: Path) -> dict[str, Any]:
    return {
        "logs": [{"name": "shop", "paths": [str(log)], "labels": {"app": "shop"}}],
        "rules": [
            {
                "name": "OrderFailed",
                "match": {"any": [r"re:order (?P<order>\d+) failed"]},
                "fingerprint": ["order"],
                "severity": "critical",
                "summary": "order {order} failed",
            }
        ],
        "channels": [
            {
                "name": "ops",
                "type": "dingtalk_robot",
                "webhook": webhook,
                "secret": SECRET,
                "rate_per_minute": 0,
            }
        ],
        "receivers": [{"name": "ops", "channels": ["ops"]}],
        "route": {"receiver": "ops", "group_by": ["order"], "group_wait": "0s"},
    }


async def _write(log: Path) -> dict[int, float]:
    written: dict[int, float] = {}
    began = time.monotonic()
    with log.open("a", encoding="utf-8", buffering=1) as file:
        for number in range(LINES):
            await asyncio.sleep(max(0, began + number / PER_SECOND - time.monotonic()))
            file.write(f"2026-01-01 12:00:00 ERROR order {number} failed: refused\n")
            written[number] = time.time()
    return written


async def _wait(messages: list[Any]) -> None:
    last, since = -1, time.monotonic()
    while len(_arrivals(messages)) < LINES and time.monotonic() - since < 20:
        if len(messages) != last:
            last, since = len(messages), time.monotonic()
        await asyncio.sleep(0.1)


def _arrivals(messages: list[Any]) -> dict[int, float]:
    arrived: dict[int, float] = {}
    for message in messages:
        for found in _NUMBER.findall(json.dumps(message.body, ensure_ascii=False)):
            arrived.setdefault(int(found), message.arrived_at)
    return arrived
