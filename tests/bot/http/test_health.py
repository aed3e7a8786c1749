"""Health, metrics, and the description of the API."""

from __future__ import annotations

from typing import Any

import msgspec

from bot.http.parts import PartStatus
from bot.http.routes import TABLE
from core.text import catalogue
from tests.bot.http.conftest import Open
from tests.bot.http.house import House


async def test_it_lives_and_is_ready(house: House) -> None:
    assert await house.call("GET", "/healthz", "") == (200, {"status": "ok"})
    status, answer = await house.call("GET", "/readyz", "")
    assert status == 200
    assert answer["parts"] == [{"name": "decide", "ok": True, "reason": ""}]
    house.statuses = [*house.statuses, PartStatus("store", False, "disk full")]
    status, answer = await house.call("GET", "/readyz", "")
    assert (status, answer["status"]) == (503, "not ready")
    assert answer["parts"][1]["reason"] == "disk full"


async def test_metrics(house: House) -> None:
    await house.fire("DiskFull")
    status, text = await house.call("GET", "/metrics", "")
    assert status == 200
    assert 'tocsin_events_accepted_total{source="api"}' in text
    async with house.client.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    openmetrics = {"Accept": "application/openmetrics-text; version=1.0.0"}
    status, text = await house.call("GET", "/metrics", "", headers=openmetrics)
    assert text.endswith("# EOF\n")


async def test_metrics_with_a_token_of_their_own(opened: Open) -> None:
    async with opened(metrics={"token": "scrape"}) as house:
        for header, wanted in (
            ("Bearer scrape", 200), ("Bearer wrong", 401), ("Bearer admin-token", 401),
            ("Bearer ", 401), ("", 401), ("Basic scrape", 401), ("Bearer \xff", 401),
        ):  # fmt: skip
            headers = {"Authorization": header}
            assert (await house.call("GET", "/metrics", "", headers=headers))[0] == wanted


async def test_the_description_holds_every_route(house: House) -> None:
    spec = await house.get("/openapi.json")
    assert spec["openapi"] == "3.1.0"
    described = {(m.upper(), p) for p, methods in spec["paths"].items() for m in methods}
    assert described == {(route.method, route.path) for route in TABLE}
    text = str(spec)
    for name in {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in spec["components"]["schemas"], name
    operation = spec["paths"]["/api/v1/incidents/{id}/acknowledge"]["post"]
    assert operation["x-role"] == "responder"
    assert {"401", "403", "404", "409", "422"} <= set(operation["responses"])
    assert operation["parameters"][0]["name"] == "id"


async def test_the_page_shows_every_route_without_anything_from_outside(house: House) -> None:
    status, page = await house.call("GET", "/docs")
    assert status == 200
    for route in TABLE:
        assert f"<code>{route.path}</code>" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_every_route_has_its_sentence() -> None:
    for route in TABLE:
        assert f"http.route.{route.key}" in catalogue()
        assert f"http.group.{route.group}" in catalogue()
        assert route.action or route.method == "GET" or route.key in {
            "events.post", "hooks.post", "alertmanager.post", "knowledge.search",
            "rules.dry_run",
            "knowledge.ask", "knowledge.analyse",
        }  # fmt: skip


async def test_answers_have_the_shape_that_is_described(house: House) -> None:
    await house.fire("DiskFull", host="a")
    await house.post("/api/v1/silences", {"matchers": ["a=b"], "for": "1h"})
    await house.post("/api/v1/articles", {"title": "t", "body": "b"})
    ids = {"incidents": "INC-1", "alerts": "ALT-1", "silences": "SIL-1", "articles": "KB-1",
           "notifications": "NTF-1"}  # fmt: skip
    checked = 0
    for route in TABLE:
        if route.method != "GET" or route.answer is None:
            continue
        group = route.path.split("/")[3] if route.path.startswith("/api/v1/") else ""
        if "{" in route.path and group not in ids:
            continue
        answer: Any = await house.get(route.path.replace("{id}", ids.get(group, "")))
        assert msgspec.to_builtins(msgspec.convert(answer, route.answer)) == answer, route.path
        checked += 1
    assert checked >= 15
