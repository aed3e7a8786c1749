"""Articles with their versions, search, questions, analyses, uploads: the rooms behind the API."""

from __future__ import annotations

import os
from typing import Any

from tests.bot.http.house import House, until

ARTICLES = "/api/v1/articles"
DRAFT = {
    "title": "Disk full on database hosts",
    "body": "# Symptoms\nWrites fail: no space left on device.\n\n# Fix\nRotate the binlog.",
    "tags": ["disk"],
    "labels": {"service": "db"},
}


async def test_an_article_through_its_review(house: House) -> None:
    made = await house.post(ARTICLES, DRAFT, "editor")
    assert (made["id"], made["status"], made["version"]) == ("KB-1", "draft", 1)
    async with house.client.get(
        f"{ARTICLES}/KB-1", headers={"Authorization": "Bearer viewer-token"}
    ) as answer:
        assert answer.headers["ETag"] == '"1"'
        assert await answer.json() == made
    seen = {"If-None-Match": '"1"'}
    assert (await house.call("GET", f"{ARTICLES}/KB-1", headers=seen))[0] == 304
    assert (await house.post(f"{ARTICLES}/KB-1/submit", {}))["status"] == "reviewing"
    assert (await house.post(f"{ARTICLES}/KB-1/reject", {"comment": "more"}))["status"] == "draft"
    await house.post(f"{ARTICLES}/KB-1/submit")
    assert (await house.post(f"{ARTICLES}/KB-1/approve"))["status"] == "published"
    assert (await house.call("POST", f"{ARTICLES}/KB-1/approve"))[0] == 409
    (listed,) = (await house.get(f"{ARTICLES}?status=published&label=service=db"))["items"]
    assert "body" not in listed
    assert listed["id"] == "KB-1"


async def test_others_changes_are_not_overwritten(house: House) -> None:
    await house.post(ARTICLES, DRAFT)
    changed = {**DRAFT, "body": "Better words."}
    path = f"{ARTICLES}/KB-1"
    status, second = await house.call("PUT", path, json=changed, headers={"If-Match": '"1"'})
    assert (status, second["version"]) == (200, 2)
    assert (await house.call("PUT", path, json=DRAFT, headers={"If-Match": '"1"'}))[0] == 412
    assert (await house.call("PUT", path, json={**DRAFT, "version": 1}))[0] == 409
    assert (await house.call("PUT", path, json={**DRAFT, "version": 2}))[0] == 200
    assert (await house.call("PUT", path, json=changed, headers={"If-Match": "*"}))[0] == 200
    versions = (await house.get(f"{path}/versions"))["items"]
    assert [v["version"] for v in versions] == [4, 3, 2, 1]
    back = await house.post(f"{path}/rollback", {"version": 1})
    assert (back["version"], back["body"]) == (5, DRAFT["body"])
    assert (await house.call("POST", f"{path}/rollback", json={"version": 77}))[0] == 404


async def test_articles_that_cannot_be_taken(house: House) -> None:
    for body in ({}, {"title": "x"}, {**DRAFT, "title": " "}, {**DRAFT, "severity": "loud"},
                 {**DRAFT, "tags": "disk"}, {**DRAFT, "labels": {"a": 1}}):  # fmt: skip
        status, problem = await house.call("POST", ARTICLES, json=body)
        assert status == 422, (body, problem)
        assert problem["errors"]
    for path in ("KB-9", "KB-x", "INC-1"):
        assert (await house.call("GET", f"{ARTICLES}/{path}"))[0] == 404
        assert (await house.call("PUT", f"{ARTICLES}/{path}", json=DRAFT))[0] == 404
        assert (await house.call("GET", f"{ARTICLES}/{path}/versions"))[0] == 404


async def test_search_and_questions(house: House) -> None:
    await house.post(ARTICLES, DRAFT)
    await house.post(f"{ARTICLES}/KB-1/submit")
    await house.post(f"{ARTICLES}/KB-1/approve")
    await house.kb.start()
    await house.kb.ready()
    found = await house.post("/api/v1/search", {"query": "no space left on device"}, "viewer")
    assert found["items"][0]["id"] == "KB-1"
    assert found["items"][0]["confidence"] in {"high", "medium", "weak"}
    assert found["took_ms"] >= 0
    only = {"query": "no space left", "kinds": ["incident"]}
    assert (await house.post("/api/v1/search", only))["items"] == []
    answer = await house.post("/api/v1/ask", {"question": "disk is full, no space left?"})
    assert set(answer) == {"answer", "citations", "grounded", "degraded", "error_class"}
    assert answer["degraded"]
    await house.kb.stop()
    for path, body in (
        ("search", {"query": ""}), ("search", {"query": "  "}), ("search", {"query": 1}),
        ("search", {"query": "x" * 2001}), ("search", {"query": "x", "limit": 0}),
        ("search", {"query": "x", "limit": 10**30}), ("search", {"query": "x", "kinds": ["x"]}),
        ("ask", {}), ("ask", {"question": ""}), ("ask", {"question": "\n"}),
    ):  # fmt: skip
        status, problem = await house.call("POST", f"/api/v1/{path}", json=body)
        assert status == 422, (body, problem)


async def test_analyses_of_a_text_a_file_and_an_incident(house: House) -> None:
    log = house.folder / "logs" / "shop.log"
    log.write_text("INFO fine\nERROR java.lang.OutOfMemoryError: Java heap space\n" * 3)
    for order in ({"text": log.read_text()}, {"path": str(log)}):
        analysis = await house.post("/api/v1/analyses", order, "responder")
        assert analysis["meta"]["degraded"]
        assert analysis["meta"]["error_class"] == "disabled"
        assert "OutOfMemoryError" in " ".join(analysis["key_errors"])
    await house.fire("DiskFull")
    analysis = await house.post("/api/v1/analyses", {"incident": "INC-1"})
    assert analysis["severity"] == "high"
    assert (await house.get("/api/v1/incidents/INC-1"))["analysis"] == analysis
    for order, wanted in (
        ({}, 422), ({"text": "x", "incident": "INC-1"}, 422), ({"text": ""}, 422),
        ({"incident": "INC-9"}, 404), ({"incident": "x"}, 404), ({"text": None}, 422),
    ):  # fmt: skip
        assert (await house.call("POST", "/api/v1/analyses", json=order))[0] == wanted


async def test_a_path_leads_nowhere_else(house: House) -> None:
    folder = house.folder
    (folder / "outside" / "secret").write_text("root:x")
    (folder / "logs" / "link.log").symlink_to(folder / "outside" / "secret")
    (folder / "watched" / "way").symlink_to(folder / "outside")
    os.mkfifo(folder / "logs" / "pipe.log")
    (folder / "logs" / "folder.log").mkdir()
    cases: list[tuple[Any, int]] = [
        (str(folder / "outside" / "secret"), 403),
        (str(folder / "logs" / ".." / "outside" / "secret"), 403),
        (str(folder / "logs" / "link.log"), 403),
        (str(folder / "watched" / "way" / "secret"), 403),
        (str(folder / "logs") + "-other/x", 403),
        ("/etc/passwd", 403),
        ("etc/passwd", 403),
        ("/proc/self/environ", 403),
        (str(folder / "logs" / "gone.log"), 404),
        (str(folder / "logs" / "pipe.log"), 422),
        (str(folder / "logs" / "folder.log"), 422),
        (str(folder / "logs" / ("x" * 300)), 422),
        ("a\0b", 422),
        ("", 422),
        (7, 422),
    ]
    for path, wanted in cases:
        status, problem = await house.call("POST", "/api/v1/analyses", json={"path": path})
        assert status == wanted, (path, problem)
        assert "root:x" not in str(problem)


async def test_an_upload_by_hand(house: House) -> None:
    file = house.folder / "watched" / "report.csv"
    file.write_text("a,b\n1,2\n")
    made = await house.post("/api/v1/uploads", {"path": str(file)}, "responder")
    assert made["id"] == "UPL-1"

    async def finished() -> bool:
        upload = await house.get("/api/v1/uploads/UPL-1")
        return bool(upload["state"] == "succeeded")

    await until(finished)
    (listed,) = (await house.get("/api/v1/uploads?status=succeeded&q=report"))["items"]
    assert listed["size"] == 8
    assert (await house.call("POST", "/api/v1/uploads/UPL-1/retry"))[0] == 409
    assert (await house.call("POST", "/api/v1/uploads/UPL-1/cancel"))[0] == 409
    for path, wanted in (("/etc/passwd", 403), (str(file) + "x", 404), ("", 422), ("a\0", 422)):
        assert (await house.call("POST", "/api/v1/uploads", json={"path": path}))[0] == wanted
    for verb in ("", "/retry", "/cancel"):
        method = "POST" if verb else "GET"
        assert (await house.call(method, f"/api/v1/uploads/UPL-9{verb}"))[0] == 404
