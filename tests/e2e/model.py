"""Random alerts and silences, said to tocsin and to a real Alertmanager with the same routes."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from aiohttp import web

from bot.cli.alertmanager_yml import translate

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RECEIVERS = ("rest", "page", "payments", "hosts")
ROUTE: dict[str, Any] = {
    "receiver": "rest",
    "group_by": ["alertname"],
    "group_wait": "1s",
    "group_interval": "1s",
    "repeat_interval": "1h",
    "routes": [
        {"matchers": ['severity=~"page|critical"'], "receiver": "page", "continue": True},
        {
            "matchers": ['team="payments"', "host!=h3"],
            "receiver": "payments",
            "group_by": ["team", "host"],
            "routes": [
                {"matchers": ['alertname!~"A|B"'], "receiver": "hosts", "group_by": ["host"]}
            ],
        },
    ],
}
INHIBIT = (
    (['severity="critical"'], ['severity=~"warning|page"'], ["host"]),
    (['alertname=~"A|B"'], ['alertname=~"B|C"'], ["host", "team"]),
)

Labels = tuple[tuple[str, str], ...]
Told = set[tuple[str, Labels]]


def key(labels: dict[str, str]) -> Labels:
    """Labels that may stand in a set."""
    return tuple(sorted(labels.items()))


def alertmanager_config(url: str, side: str = "alertmanager") -> dict[str, Any]:
    """For Alertmanager; `url` is told, as what this side said."""
    return {
        "route": ROUTE,
        "receivers": [
            {
                "name": name,
                "webhook_configs": [
                    {"url": f"{url}/{side}/{name}", "send_resolved": True, "max_alerts": 0}
                ],
            }
            for name in RECEIVERS
        ],
        "inhibit_rules": [
            {"source_matchers": source, "target_matchers": target, "equal": equal}
            for source, target, equal in INHIBIT
        ],
    }


def tocsin_settings(url: str) -> dict[str, Any]:
    """The same for tocsin."""
    return {
        "route": ROUTE,
        "receivers": [{"name": name, "channels": [name]} for name in RECEIVERS],
        "channels": [
            {"name": name, "type": "webhook", "url": f"{url}/tocsin/{name}", "secret": SECRET}
            for name in RECEIVERS
        ],
        "inhibit": [
            {"source": source, "target": target, "equal": equal}
            for source, target, equal in INHIBIT
        ],
    }


def imported_settings(url: str) -> dict[str, Any]:
    """The same, as `tocsin import alertmanager` makes it of Alertmanager's file."""
    text = yaml.safe_dump(alertmanager_config(url, "tocsin"))
    settings: dict[str, Any] = yaml.safe_load(translate(text.encode(), "alertmanager.yml").text)
    return settings


class Heard:
    """What the receivers of one side were told, as (receiver, labels)."""

    def __init__(self) -> None:
        self.firing: Told = set()
        self.resolved: Told = set()

    def note(self, receiver: str, status: str, labels: dict[str, str]) -> None:
        """An alert was told."""
        (self.firing if status == "firing" else self.resolved).add((receiver, key(labels)))


class Ear:
    """The receiver of both sides, on loopback."""

    def __init__(self) -> None:
        self.alertmanager = Heard()
        self.tocsin = Heard()
        self.url = ""

    async def _alertmanager(self, request: web.Request) -> web.Response:
        for alert in (await request.json())["alerts"]:
            self.alertmanager.note(request.match_info["receiver"], alert["status"], alert["labels"])
        return web.Response()

    async def _tocsin(self, request: web.Request) -> web.Response:
        event = await request.json()
        kind, _, status = event["type"].partition(".")
        if kind == "alert":
            self.tocsin.note(request.match_info["receiver"], status, event["data"]["labels"])
        return web.Response()


@asynccontextmanager
async def listening() -> AsyncIterator[Ear]:
    """Listen until the block ends."""
    ear = Ear()
    app = web.Application()
    app.router.add_post("/alertmanager/{receiver}", ear._alertmanager)
    app.router.add_post("/tocsin/{receiver}", ear._tocsin)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ear.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield ear
    finally:
        await runner.cleanup()


class Story:
    """What happens, drawn from a seed: the same for both sides."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.firing: dict[Labels, dict[str, str]] = {}

    def alerts(self) -> list[dict[str, Any]]:
        """Alerts that begin, go on, and end."""
        draw, now = self._random, datetime.now(UTC)
        batch = []
        for _ in range(draw.randint(1, 6)):
            labels = {"alertname": draw.choice("ABCDE"), "host": draw.choice(["h1", "h2", "h3"])}
            if draw.random() < 0.8:
                labels["severity"] = draw.choice(["critical", "warning", "page"])
            if draw.random() < 0.4:
                labels["team"] = draw.choice(["payments", "search"])
            if draw.random() < 0.1:
                labels["empty"] = ""
            alert: dict[str, Any] = {"labels": labels, "annotations": {"n": str(draw.random())}}
            if draw.random() < 0.5:
                alert["startsAt"] = (now - timedelta(seconds=draw.randint(0, 99))).isoformat()
            if draw.random() < 0.1:
                alert["endsAt"] = (now + timedelta(seconds=draw.randint(6, 9))).isoformat()
            elif draw.random() < 0.3:
                alert["endsAt"] = (now + timedelta(hours=draw.randint(1, 9))).isoformat()
            batch.append(alert)
            self.firing[key({k: v for k, v in labels.items() if v})] = labels
        for labels in list(self.firing.values()):
            if draw.random() < 0.15:
                ended = (now - timedelta(seconds=1)).isoformat()
                batch.append({"labels": labels, "startsAt": ended, "endsAt": ended})
                del self.firing[key({k: v for k, v in labels.items() if v})]
        return batch

    def silence(self) -> dict[str, Any] | None:
        """Sometimes a silence."""
        draw, now = self._random, datetime.now(UTC)
        if draw.random() < 0.4:
            return None
        choices = [
            ("alertname", draw.choice("ABCDE"), False, True),
            ("alertname", draw.choice(["[AB]", "C|D", "A"]), True, True),
            ("host", draw.choice(["h1", "h.", "x?h2"]), True, True),
            ("severity", draw.choice(["page", "critical"]), False, draw.random() < 0.7),
            ("team", "pay.*", True, draw.random() < 0.7),
        ]
        matchers = [
            {"name": name, "value": value, "isRegex": regex, "isEqual": equal}
            for name, value, regex, equal in draw.sample(choices, draw.randint(1, 3))
        ]
        if all(not m["isEqual"] for m in matchers):
            matchers[0]["isEqual"] = True
        later = draw.random() < 0.15
        return {
            "matchers": matchers,
            "startsAt": (now + timedelta(hours=1 if later else 0)).isoformat(),
            "endsAt": (now + timedelta(hours=2)).isoformat(),
            "createdBy": "model",
            "comment": "drawn",
        }

    def expires(self, count: int) -> int | None:
        """Sometimes which of `count` silences ends."""
        return self._random.randrange(count) if count and self._random.random() < 0.4 else None
