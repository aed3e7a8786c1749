"""What every address does with what it cannot use: one clear problem+json each."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

from aiohttp import web

from bot.http.limit import CLIENTS, Buckets
from core.errors import DeliveryError, StoreError
from core.metrics import REGISTRY
from core.store import Database
from tests.bot.http.conftest import Open
from tests.bot.http.house import House, bearer

JSON = {"Content-Type": "application/json"}
EVENTS = "/api/v1/events"


async def problem_of(house: House, method: str, path: str, **request: Any) -> dict[str, Any]:
    headers = {**bearer("admin"), **request.pop("headers", {})}
    async with house.client.request(method, path, headers=headers, **request) as answer:
        assert answer.content_type == "application/problem+json", await answer.text()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        problem: dict[str, Any] = await answer.json(content_type=None)
        assert problem["status"] == answer.status
        assert problem["type"] == "about:blank"
        assert problem["title"]
        assert problem["detail"]
        problem["headers"] = answer.headers
        return problem


async def test_an_unknown_address(house: House) -> None:
    for path in ("/nothing", "/api/v1", "/api/v3/alerts", "/api/v1/events/", "/hooks", "/%2e%2e/x"):
        assert (await problem_of(house, "GET", path))["status"] == 404


async def test_a_wrong_method_says_which_are_right(house: House) -> None:
    problem = await problem_of(house, "PATCH", "/api/v1/silences/SIL-1")
    assert problem["status"] == 405
    assert problem["headers"]["Allow"] == "DELETE, GET, HEAD, PUT"


async def test_options_and_head(house: House) -> None:
    async with house.client.options("/api/v1/silences") as answer:
        assert answer.status == 204
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    async with house.client.head("/api/v1/alerts", headers=bearer("viewer")) as answer:
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) > 0
        assert await answer.read() == b""
    assert (await problem_of(house, "OPTIONS", "/nothing"))["status"] == 404


async def test_a_body_over_the_limit(house: House) -> None:
    large = b'{"labels":{"a":"' + b"x" * 70_000 + b'"}}'
    for headers in (JSON, {**JSON, "Expect": "100-continue"}):
        assert (await problem_of(house, "POST", EVENTS, data=large, headers=headers))[
            "status"
        ] == 413

    async def chunks() -> Any:
        yield large

    assert (await problem_of(house, "POST", EVENTS, data=chunks(), headers=JSON))["status"] == 413


async def test_packed_bodies(house: House) -> None:
    packed = {**JSON, "Content-Encoding": "gzip"}
    good = gzip.compress(b'{"labels":{"alertname":"A"}}')
    status, _ = await house.call("POST", EVENTS, data=good, headers=packed)
    assert status == 202
    bomb = gzip.compress(b"x" * 50_000_000)
    assert (await problem_of(house, "POST", EVENTS, data=bomb, headers=packed))["status"] == 413
    broken = b"this is not gzip at all"
    assert (await problem_of(house, "POST", EVENTS, data=broken, headers=packed))["status"] == 400


async def test_a_body_of_another_type(house: House) -> None:
    for kind in ("text/plain", "application/xml", "x", "application/jsonx", ""):
        headers = {"Content-Type": kind}
        for path in (EVENTS, "/api/v1/search", "/api/v1/silences"):
            problem = await problem_of(house, "POST", path, data=b"{}", headers=headers)
            assert problem["status"] == 415, kind


async def test_json_by_its_other_names(house: House) -> None:
    body = b'{"labels":{"alertname":"A"}}'
    for kind in (
        "application/json; charset=utf-8",
        "application/cloudevents+json",
        "Application/JSON",
    ):
        status, _ = await house.call("POST", EVENTS, data=body, headers={"Content-Type": kind})
        assert status == 202


async def test_a_body_that_is_no_json(house: House) -> None:
    deep = b'{"query":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    for body in (
        b"", b"{", b"nonsense", b"\xff\xfe", b'{"query": "\xff"}', b'{"a":NaN}', b"{'a': 1}",
        deep, b'{"query": 1', b"\0",
    ):  # fmt: skip
        problem = await problem_of(house, "POST", "/api/v1/search", data=body, headers=JSON)
        assert problem["status"] == 400, body[:20]
        assert "JSON" in problem["detail"]


async def test_a_crash_shows_nothing_of_the_inside(house: House, db: Database) -> None:
    async def crash(_request: web.Request) -> web.Response:
        raise RuntimeError("the secret is 42")

    async def refuse(_request: web.Request) -> web.Response:
        raise StoreError("disk full")

    async def unreachable(_request: web.Request) -> web.Response:
        raise DeliveryError("no answer")

    house.app.router._frozen = False
    for path, handler in (("/crash", crash), ("/full", refuse), ("/gone", unreachable)):
        house.app.router.add_get(path, handler)
    problem = await problem_of(house, "GET", "/crash")
    assert problem["status"] == 500
    assert "42" not in json.dumps(problem["detail"])
    problem = await problem_of(house, "GET", "/full")
    assert problem["status"] == 503
    assert int(problem["headers"]["Retry-After"]) > 0
    assert (await problem_of(house, "GET", "/gone"))["status"] == 502


async def test_a_store_that_is_closed_is_503(house: House, journal_db: Database) -> None:
    journal_db.close()
    body = json.dumps({"labels": {"alertname": "A"}})
    problem = await problem_of(house, "POST", EVENTS, data=body, headers=JSON)
    assert problem["status"] == 503
    assert problem["headers"]["Retry-After"]


async def test_a_client_that_asks_too_often_waits(opened: Open) -> None:
    async with opened(limits={"rate_per_client": 5}) as house:
        answers = [await house.call("GET", "/api/v1/alerts", "viewer") for _ in range(12)]
        statuses = [status for status, _ in answers]
        assert statuses[:5] == [200] * 5
        assert 429 in statuses
        assert set(statuses) == {200, 429}
        problem = await problem_of(house, "GET", "/api/v1/alerts")
        assert problem["status"] == 429
        assert problem["headers"]["Retry-After"] == "1"
        assert (await house.call("GET", "/healthz", ""))[0] == 200


def test_buckets_fill_again_and_forget_the_oldest() -> None:
    now = 0.0
    buckets = Buckets(2.0, 3.0, lambda: now)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") == 0.5
    assert buckets.wait("a") == 0.5
    now = 0.5
    assert buckets.wait("a") == 0
    assert buckets.take("a") == 0
    for i in range(CLIENTS + 10):
        buckets.take(str(i))
    assert len(buckets._left) == CLIENTS
    assert buckets.wait("a") == 0


async def test_requests_are_counted_by_their_route(house: House) -> None:
    await house.call("GET", "/api/v1/incidents/INC-77")
    await house.call("GET", "/who/knows")
    labels = {"route": "/api/v1/incidents/{id}", "method": "GET", "status": "404"}
    assert REGISTRY.get_sample_value("tocsin_http_requests_total", labels)
    none = {"route": "none", "method": "GET", "status": "404"}
    assert REGISTRY.get_sample_value("tocsin_http_requests_total", none)


ODD = (
    b"GET /api/v1/alerts/%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/v1/alerts?q=%ff%00&label=%ed%a0%80=x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://other/api/v1/alerts HTTP/1.1\r\nHost: x\r\n\r\n",
    b"TRACE /api/v1/alerts HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: tocsin_session=\xff\xfe\r\n\r\n",
    b"nonsense\r\n\r\n",
)


async def test_odd_requests_crash_nothing(house: House) -> None:
    for odd in ODD:
        authorized = odd.replace(b"\r\n\r\n", b"\r\nAuthorization: Bearer admin-token\r\n\r\n", 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(authorized)
        writer.write_eof()
        status_line = await reader.readline()
        writer.close()
        if status_line:  # a request that ends too early is not answered
            assert 200 <= int(status_line.split()[1]) < 500, odd
        assert (await house.call("GET", "/healthz", ""))[0] == 200
