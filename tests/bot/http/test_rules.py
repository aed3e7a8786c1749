"""Rules by API: in force at once, every version kept, those of the file read-only."""

from __future__ import annotations

import asyncio
from typing import Any

from core.clock import utc_now
from core.config.settings import Settings
from core.model.event import Event
from core.rulebook import RuleBook
from tests.bot.http.conftest import Open
from tests.bot.http.house import House

PATH = "/api/v1/rules"
OOM: dict[str, Any] = {"name": "oom", "match": {"any": ["OutOfMemory"]}, "severity": "critical"}
FILE_RULE = {"name": "disk", "match": {"any": ["No space"]}, "for": {"count": 2, "within": "1m"}}


async def say(house: House, text: str, **labels: str) -> Any:
    """Post a text; the alert it came to, or None."""
    accepted = await house.post("/api/v1/events", {"labels": labels, "body": text})
    await house.loop.settled()
    return (await house.get(f"/api/v1/events/{accepted['ids'][0]}"))["alert"]


async def test_a_rule_from_its_making_to_its_end(house: House) -> None:
    made = await house.post(PATH, {**OOM, "reason": "it happened"}, "editor")
    assert (made["name"], made["origin"], made["version"]) == ("oom", "api", 1)
    assert made["rule"] == OOM
    alert = await say(house, "java: OutOfMemory", app="shop")
    assert (alert["rule"], alert["severity"]) == ("oom", "critical")
    why = await house.get(f"/api/v1/alerts/{alert['id']}/why")
    assert why["rule_version"] == 1
    changed = {**OOM, "severity": "info", "version": 1}
    status, answer = await house.call("PUT", f"{PATH}/oom", "editor", json=changed)
    assert (status, answer["version"]) == (200, 2)
    assert (await say(house, "OutOfMemory again", app="bank"))["severity"] == "info"
    assert (await house.call("PUT", f"{PATH}/oom", json=changed))[0] == 409  # version 1 is old
    stale = {"If-Match": '"1"'}
    assert (await house.call("PUT", f"{PATH}/oom", json=OOM, headers=stale))[0] == 412
    back = await house.post(f"{PATH}/oom/rollback", {"version": 1}, "editor")
    assert (back["version"], back["rule"]) == (3, OOM)
    assert (await house.call("DELETE", f"{PATH}/oom", "editor"))[0] == 204
    assert (await say(house, "OutOfMemory once more", app="x"))["rule"] == ""
    assert (await house.call("GET", f"{PATH}/oom"))[0] == 404
    versions = (await house.get(f"{PATH}/oom/versions"))["items"]
    assert [v["version"] for v in versions] == [4, 3, 2, 1]
    assert versions[0]["rule"] is None
    assert (versions[3]["author"], versions[3]["reason"]) == ("editor", "it happened")
    again = await house.post(f"{PATH}/oom/rollback", {"version": 2}, "editor")
    assert (again["version"], again["rule"]["severity"]) == (5, "info")
    actions = {(e["action"], e["object"]) for e in await house.audited()}
    assert {(f"rule.{verb}", "oom") for verb in ("create", "update", "delete")} <= actions


async def test_rules_of_the_file_are_shown_and_not_changed(opened: Open) -> None:
    async with opened(rules=[FILE_RULE]) as house:
        (rule,) = (await house.get(PATH))["items"]
        assert (rule["name"], rule["origin"], rule["version"]) == ("disk", "file", 1)
        assert rule["rule"]["for"] == {"count": 2, "within": "1m"}
        calls: list[tuple[str, str, Any]] = [
            ("PUT", f"{PATH}/disk", FILE_RULE),
            ("DELETE", f"{PATH}/disk", None),
            ("POST", f"{PATH}/disk/rollback", {"version": 1}),
            ("POST", PATH, FILE_RULE),
        ]
        for method, path, body in calls:
            status, problem = await house.call(method, path, json=body)
            assert status == 409, (method, problem)
            assert "file" in problem["detail"]


async def test_every_mistake_is_told(house: House) -> None:
    bad = {"name": "", "match": {"any": ["re:("]}, "severity": 7, "nonsense": 1, "for": "x"}
    status, problem = await house.call("POST", PATH, json=bad)
    assert status == 422
    assert {"name", "match.any[0]", "nonsense", "for"} <= {e["path"] for e in problem["errors"]}
    assert (await house.call("POST", PATH, "responder", json=OOM))[0] == 403
    assert (await house.call("POST", PATH, json=[]))[0] == 422
    assert (await house.call("PUT", f"{PATH}/nope", json=OOM | {"name": "nope"}))[0] == 404
    assert (await house.call("PUT", f"{PATH}/other", json=OOM))[0] == 422
    assert (await house.call("POST", f"{PATH}/nope/rollback", json={"version": 1}))[0] == 404
    assert (await house.call("GET", f"{PATH}/nope/versions"))[0] == 404
    await house.post(PATH, OOM)
    assert (await house.call("POST", PATH, json=OOM))[0] == 409


async def test_lists_are_paged_by_name(house: House) -> None:
    for name in ("c/规则", "a", "b"):
        await house.post(PATH, {**OOM, "name": name})
    first = await house.get(f"{PATH}?limit=2")
    assert [r["name"] for r in first["items"]] == ["a", "b"]
    second = await house.get(f"{PATH}?limit=2&cursor={first['next_cursor']}")
    assert [r["name"] for r in second["items"]] == ["c/规则"]
    assert second["next_cursor"] is None
    assert (await house.get(f"{PATH}/c%2F规则"))["name"] == "c/规则"


async def test_windows_go_on_when_other_rules_change(opened: Open) -> None:
    async with opened(rules=[FILE_RULE]) as house:
        assert await say(house, "No space left", app="shop") is None
        await house.post(PATH, OOM)
        assert (await say(house, "No space left", app="shop"))["rule"] == "disk"


async def test_a_file_that_is_read_anew(opened: Open) -> None:
    async with opened(rules=[FILE_RULE]) as house:
        await house.post(PATH, OOM)
        renamed = Settings.model_validate({"rules": [{**FILE_RULE, "severity": "critical"}]})
        await house.rules.reload(renamed.rules)
        assert (await house.get(f"{PATH}/disk"))["version"] == 2
        await house.rules.reload(renamed.rules)
        assert (await house.get(f"{PATH}/disk"))["version"] == 2  # it says nothing new
        await house.rules.reload([])
        assert [r["name"] for r in (await house.get(PATH))["items"]] == ["oom"]


async def test_rules_of_another_process_are_taken_over(house: House) -> None:
    other = RuleBook(house.db, house.settings)
    await other.load()
    await other.create(OOM, "li.wei")
    await house.rules.refresh()
    assert (await say(house, "OutOfMemory", app="shop"))["rule"] == "oom"


async def test_two_who_make_the_same_rule_at_once(house: House) -> None:
    calls = [house.call("POST", PATH, json=OOM) for _ in range(5)]
    statuses = sorted(status for status, _ in await asyncio.gather(*calls))
    assert statuses == [201, 409, 409, 409, 409]


async def test_a_dry_run_over_what_was_accepted(opened: Open) -> None:
    async with opened(rules=[FILE_RULE]) as house:
        for text in ("OutOfMemory in a", "OutOfMemory in b", "No space left", "fine"):
            await say(house, text, app="shop")
        await house.fire("Named", app="shop")
        log = Event("log:shop", utc_now(), {"app": "web"}, body="OutOfMemory", rules=("gone",))
        await house.journal.append("log:shop", [log])
        before = await house.get("/api/v1/alerts")
        tried = {"rule": {**OOM, "fingerprint": ["app"]}, "rules": [FILE_RULE], "hours": 1}
        found = await house.post(f"{PATH}/dry-run", tried, "editor")
        assert (found["complete"], found["events"], found["matched"]) == (True, 6, 4)
        assert found["by_rule"] == {"oom": 2}  # one full disk is not enough
        shop, web = found["alerts"]
        assert (shop["labels"]["app"], shop["count"], shop["severity"]) == ("shop", 2, "critical")
        assert (web["labels"]["app"], web["status"]) == ("web", "firing")
        assert await house.get("/api/v1/alerts") == before
        nothing = await house.post(f"{PATH}/dry-run", {"rule": OOM, "hours": 0.0000001})
        assert nothing["total"] == 0


async def test_a_dry_run_that_cannot_be_made(house: House) -> None:
    cases: list[tuple[Any, str]] = [
        ({}, "rules"),
        ({"rule": OOM, "hours": 0}, "hours"),
        ({"rule": OOM, "hours": 1000}, "hours"),
        ({"rules": [OOM, {"name": "x", "match": {"any": ["re:("]}}]}, "rules[1].match.any[0]"),
        ({"rules": [OOM, OOM]}, "rules"),
        ({"rule": {**OOM, "schedule": ["no-such"]}}, "rules[0].schedule[0]"),
    ]
    for body, path in cases:
        status, problem = await house.call("POST", f"{PATH}/dry-run", json=body)
        assert status == 422, (body, problem)
        assert problem["errors"][0]["path"] == path, (body, problem)
    assert (await house.call("POST", f"{PATH}/dry-run", "responder", json={"rule": OOM}))[0] == 403


async def test_one_dry_run_at_a_time(house: House) -> None:
    for _ in range(3):
        await say(house, "OutOfMemory", app="shop")
    calls = [house.call("POST", f"{PATH}/dry-run", json={"rule": OOM}) for _ in range(3)]
    statuses = [status for status, _ in await asyncio.gather(*calls)]
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 429}


async def test_a_schedule_that_names_an_interval_which_is_not_there(house: House) -> None:
    status, problem = await house.call("POST", PATH, json={**OOM, "schedule": ["no-such"]})
    assert (status, problem["errors"][0]["path"]) == (422, "schedule[0]")
