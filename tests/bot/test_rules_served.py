"""A tocsin that follows logs: each kind of rule raises its alert, and the alert ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Served, served

RULES: list[dict[str, Any]] = [
    {
        "name": "Slow",
        "match": {"any": ["request"], "none": ["health"]},
        "fields": {"from": "json"},
        "where": ['app="shop"', 'http.status=~"5.."'],
        "fingerprint": ["path"],
        "severity": [{"when": ['http.status="500"'], "is": "critical"}, {"is": "warning"}],
        "title": "{path} fails",
        "summary": "{path} answered {http.status} to {user.name|nobody}",
        "owner": "web-team",
        "runbook": "https://wiki.example.com/slow",
        "resolve": {"match": {"any": ["re:recovered path=(?P<path>\\S+)"]}},
    },
    {
        "name": "Logins",
        "match": {"any": ["login failed"]},
        "fields": {"from": "logfmt"},
        "for": {"count": 3, "within": "1m", "by": ["user"]},
        "summary": "{user} failed {count} times",
        "severity": {"field": "level", "map": {"E": "critical"}, "default": "info"},
        "resolve": {"after": "2s"},
    },
    {
        "name": "Backup",
        "match": {"any": ["backup done"]},
        "fields": {"from": "regex", "pattern": r"on (?P<node>\w+)"},
        "absence": {"for": "3s", "by": ["node"]},
        "summary": "no backup on {node}",
    },
    {
        "name": "Country",
        "match": {"any": ["signed in"]},
        "fields": {"from": "logfmt"},
        "new_value": {"field": "country", "learn": "1s"},
        "summary": "from {country}",
        "resolve": {"after": "2s"},
    },
    {
        "name": "Version",
        "match": {"any": [r"re:starting v(?P<version>\S+)"]},
        "change": {"field": "version"},
        "summary": "{previous} to {version}",
        "resolve": {"after": "2s"},
    },
    {
        "name": "Errors",
        "match": {"any": ["ERROR"]},
        "spike": {"window": "1s", "ratio": 3, "min_count": 5},
        "summary": "{count} after {previous}",
        "resolve": {"after": "2s"},
    },
    {"name": "Off", "match": {"any": ["request"]}, "enabled": False},
    {"name": "Elsewhen", "match": {"any": ["request"]}, "schedule": [{"years": ["2000:2001"]}]},
]


class Shop:
    """A served tocsin and the log it follows."""

    def __init__(self, tocsin: Served, log: Path) -> None:
        self._tocsin = tocsin
        self._log = log

    def write(self, *lines: str) -> None:
        with self._log.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))

    async def alerts(self, name: str, found: Callable[[list[Any]], bool]) -> list[Any]:
        """The alerts of a rule, once they are so."""
        path = f"/api/v1/alerts?label=alertname={name}"
        answer = await self._tocsin.until(path, lambda a: found(a["items"]))
        items: list[Any] = answer["items"]
        return items

    async def raises(self, name: str, summary: str) -> Any:
        """The alert that says so, which may have ended meanwhile."""

        def says(item: Any) -> bool:
            return bool(item["annotations"]["summary"] == summary)

        items = await self.alerts(name, lambda items: any(map(says, items)))
        return next(filter(says, items))

    async def ends(self, name: str) -> None:
        await self.alerts(name, lambda items: bool(items) and not any(map(_fires, items)))


def _fires(alert: Any) -> bool:
    return bool(alert["status"] == "firing")


def request(status: int, path: str = "/pay", **more: Any) -> str:
    return json.dumps({"msg": "request", "path": path, "http": {"status": status}, **more})


async def test_each_kind_of_rule_raises_and_ends(tmp_path: Path) -> None:
    log = tmp_path / "shop.log"
    log.touch()
    settings = {
        "language": "en",
        "logs": [{"name": "shop", "paths": [str(log)], "labels": {"app": "shop"}}],
        "rules": RULES,
    }
    async with served(tmp_path, **settings) as tocsin:
        shop = Shop(tocsin, log)
        shop.write("backup done on a", "signed in country=CN", "starting v1")
        # Fields in where, severity, title and summary; ends by a line.
        shop.write(request(200), request(404), request(503), request(500, "/health"))
        slow = await shop.raises("Slow", "/pay answered 503 to nobody")
        assert slow["severity"] == "warning"
        assert slow["labels"]["path"] == "/pay"
        assert slow["labels"]["owner"] == "web-team"
        assert slow["links"]["runbook"] == "https://wiki.example.com/slow"
        incident = await tocsin.get(f"/api/v1/incidents/{slow['incident']}")
        assert incident["title"] == "/pay fails"
        shop.write(request(500, user={"name": "li"}))
        worse = await shop.raises("Slow", "/pay answered 500 to li")
        assert worse["severity"] == "critical"
        shop.write("recovered path=/pay")
        await shop.ends("Slow")
        # Counted apart.
        shop.write(
            "login failed user=a level=E", "login failed user=b", "login failed user=a level=E"
        )
        shop.write("login failed user=a level=E")
        failed = await shop.raises("Logins", "a failed 3 times")
        assert failed["severity"] == "critical"
        # Raised by time; over when it is seen again.
        silent = await shop.raises("Backup", "no backup on a")
        assert silent["labels"]["node"] == "a"
        shop.write("backup done on a")
        await shop.alerts("Backup", lambda items: items[-1]["status"] == "resolved")
        # Learned for a second, which has long passed.
        shop.write("signed in country=CN", "signed in country=FR", "starting v1", "starting v2")
        await shop.raises("Country", "from FR")
        await shop.raises("Version", "1 to 2")
        shop.write(*["ERROR"] * 6)
        await shop.alerts("Errors", lambda items: bool(items))
        for name in ("Logins", "Country", "Version", "Errors"):
            await shop.ends(name)
        for name in ("Off", "Elsewhen"):
            assert (await tocsin.get(f"/api/v1/alerts?label=alertname={name}"))["items"] == []


async def test_what_rules_remember_survives_a_kill(tmp_path: Path) -> None:
    log = tmp_path / "shop.log"
    log.touch()
    settings = {
        "language": "en",
        "logs": [{"name": "shop", "paths": [str(log)], "labels": {"app": "shop"}}],
        "rules": [
            {**RULES[1], "name": "Logins2", "resolve": {"after": "1h"}},
            {**RULES[2], "name": "Backup2", "absence": {"for": "3s", "by": ["node"]}},
            {**RULES[3], "name": "Country2", "new_value": {"field": "country", "learn": "1s"}},
            {**RULES[4], "name": "Version2", "resolve": {"after": "1h"}},
        ],
    }
    async with served(tmp_path, **settings) as tocsin:
        shop = Shop(tocsin, log)
        shop.write("login failed user=a", "starting v1", "signed in country=CN", "backup done on a")
        shop.write("login failed user=a")
        shop.write("backup done on b")
        await shop.raises("Backup2", "no backup on a")
        await tocsin.stop(signal.SIGKILL)
    async with served(tmp_path, **settings) as tocsin:
        shop = Shop(tocsin, log)
        shop.write("login failed user=a", "starting v2", "signed in country=CN")
        shop.write("signed in country=FR")
        await shop.raises("Version2", "1 to 2")
        await shop.raises("Country2", "from FR")
        await shop.raises("Backup2", "no backup on b")
        shop.write("backup done on a")
        await shop.alerts(
            "Backup2",
            lambda items: [i["labels"]["node"] for i in items if _fires(i)] == ["b"],
        )
        new = await tocsin.get("/api/v1/alerts?label=alertname=Country2")
        assert len(new["items"]) == 1
        assert (await shop.alerts("Logins2", bool))[0]["annotations"]["summary"].startswith(
            "a failed"
        )


async def test_rules_that_cannot_be_used_are_all_named(tmp_path: Path) -> None:
    rules = [
        {"name": "a", "match": {"any": ["re:("]}},
        {"name": "a", "where": ["x"]},
        {"name": "c", "match": {"any": ["x"]}, "spike": {"ratio": 0}, "absence": {}},
    ]
    with pytest.raises(AssertionError) as caught:
        async with served(tmp_path, rules=rules):
            pass
    for said in (
        "rules[0].match.any[0]:",
        "rules[1].where[0]:",
        "rules[2].spike.ratio:",
        "rules[2].absence.for: is required",
        "rules[2]: a rule has one condition over time, not spike and absence",
        "rules: the name 'a' stands 2 times",
    ):
        assert said in str(caught.value)
