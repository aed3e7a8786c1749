"""Lists: pages that do not move, filters by name, and wrong values by theirs."""

from __future__ import annotations

from typing import Any

from bot.http.routes import TABLE
from tests.bot.http.house import House

LISTS = [route for route in TABLE if route.listing is not None]


async def test_pages_follow_each_other(house: House) -> None:
    for i in range(7):
        await house.fire(f"A{i}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = await house.get(f"/api/v1/incidents?limit=3&cursor={cursor}")
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"INC-{i}" for i in range(7, 0, -1)]


async def test_filters(house: House) -> None:
    await house.fire("DiskFull", host="a", app="shop")
    await house.fire("DiskFull", host="b", app="pay")
    await house.fire("OutOfMemory", host="a", app="shop")

    async def found(query: str) -> list[str]:
        page = await house.get(f"/api/v1/alerts?{query}")
        return [item["id"] for item in page["items"]]

    assert await found("label=app=shop") == ["ALT-3", "ALT-1"]
    assert await found("label=app=shop&label=host=b") == []
    assert await found("q=outofmem") == ["ALT-3"]
    assert await found("status=firing&status=resolved&severity=critical") == [
        "ALT-3", "ALT-2", "ALT-1",
    ]  # fmt: skip
    assert await found("status=resolved") == []
    assert await found("severity=warning,info") == []
    assert await found("since=1h") == ["ALT-3", "ALT-2", "ALT-1"]
    assert await found("until=1h") == []
    assert await found("since=2020-01-01T00:00:00+08:00&until=2099-01-01") == [
        "ALT-3", "ALT-2", "ALT-1",
    ]  # fmt: skip


WRONG = (
    ("limit=0", "?limit"),
    ("limit=501", "?limit"),
    ("limit=-1", "?limit"),
    ("limit=ten", "?limit"),
    ("limit=1e2", "?limit"),
    ("limit=%D9%A1", "?limit"),
    ("cursor=nonsense", "cursor"),
    ("cursor=%F0%9F%94%A5", "cursor"),
    ("cursor=czEyMw", "cursor"),
    ("status=burning", "?status"),
    ("severity=critical,loud", "?severity"),
    ("since=yesterday", "?since"),
    ("since=0001-01-01T00:00:00%2B14:00", "?since"),
    ("until=9999999999999999999d", "?until"),
    ("label=app", "?label"),
    ("label==shop", "?label"),
    ("q=" + "x" * 501, "?q"),
    ("q=%00", "?q"),
    ("%00=x", "?\\x00"),
)


async def test_a_filter_that_cannot_be_used_is_named(house: House) -> None:
    for query, path in WRONG:
        status, problem = await house.call("GET", f"/api/v1/alerts?{query}")
        assert status == 422, (query, problem)
        assert [error["path"] for error in problem["errors"]] == [path], query
    assert (await house.call("GET", "/api/v1/alerts?q=%ED%A0%80"))[0] < 500


async def test_all_wrong_filters_are_named_at_once(house: House) -> None:
    _, problem = await house.call("GET", "/api/v1/incidents?limit=x&since=x&status=x&label=x")
    assert {e["path"] for e in problem["errors"]} == {"?limit", "?since", "?status", "?label"}


async def test_every_list_is_a_page(house: House) -> None:
    for route in LISTS:
        page: dict[str, Any] = await house.get(route.path)
        assert page == {"items": [], "next_cursor": None} or route.path == "/api/v1/audit"
