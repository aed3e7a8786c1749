"""Alertmanager's API: alerts come in, are listed and grouped as Alertmanager does it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.http.alertmanager.fingerprint import fingerprint, fingerprints
from tests.bot.http.house import House

PATH = "/api/v2/alerts"
ROUTES = {
    "receivers": [{"name": name, "channels": ["room"]} for name in ("all", "critical", "payments")],
    "route": {
        "receiver": "all",
        "group_by": ["alertname"],
        "routes": [
            {"matchers": ['severity="critical"'], "receiver": "critical", "continue": True},
            {"matchers": ['team="payments"'], "receiver": "payments", "group_by": ["host"]},
        ],
    },
    "inhibit": [
        {
            "source": ['severity="critical"'],
            "target": ['severity=~"warning|critical"'],
            "equal": ["host"],
        }
    ],
}


def alert(name: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}}


async def names(house: House, query: str = "", path: str = PATH) -> list[str]:
    return sorted(a["labels"].get("alertname", "") for a in await house.get(f"{path}?{query}"))


def moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_an_alert_is_shown_as_it_was_sent(house: House) -> None:
    sent = {
        "labels": {"alertname": "Slow", "severity": "page", "host": "db-1", "empty": ""},
        "annotations": {"summary": "慢"},
        "startsAt": "2026-01-01T08:00:00.123456789+08:00",
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
    }
    status, said = await house.call("POST", PATH, "ingest", json=[sent])
    assert (status, said) == (200, "")
    [shown] = await house.get(PATH, "viewer")
    assert shown.pop("updatedAt") < shown.pop("endsAt")
    assert shown == {
        "labels": {"alertname": "Slow", "severity": "page", "host": "db-1"},
        "annotations": {"summary": "慢"},
        "startsAt": "2026-01-01T00:00:00.123Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
        "fingerprint": fingerprint({"alertname": "Slow", "severity": "page", "host": "db-1"}),
        "receivers": [{"name": "all"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }
    [ours] = (await house.get("/api/v1/alerts"))["items"]
    assert (ours["severity"], ours["labels"]["severity"]) == ("info", "page")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [  # as Alertmanager 0.25 shows them
        ({"alertname": "old"}, "e0d45052c61225c5"),
        ({"alertname": "C", "host": "h", "severity": "warning"}, "4a1c46074a3f6fbe"),
        ({"severity": "critical", "host": "h", "alertname": "A"}, "a96d4c0c70747389"),
    ],
)
def test_fingerprints_are_alertmanagers(labels: dict[str, str], expected: str) -> None:
    assert fingerprint(labels) == expected


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=3000), max_size=4)))
def test_many_fingerprints_are_those_of_each(label_sets: list[dict[str, str]]) -> None:
    # What is kept holds no half of a surrogate pair; st.text makes none.
    many = [f"{value:016x}" for value in fingerprints(label_sets)]
    assert many == [fingerprint(labels) for labels in label_sets]


async def test_times_are_read_as_alertmanager_reads_them(house: House) -> None:
    await house.post(
        PATH,
        [
            {**alert("Epoch"), "startsAt": "1970-01-01T00:00:00Z"},
            {**alert("Zero"), "startsAt": "0001-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z"},
            {
                **alert("Later"),
                "startsAt": "2099-01-01T00:00:00Z",
                "endsAt": "2099-01-02T00:00:00Z",
            },
            {**alert("Over"), "endsAt": "2026-01-01T00:00:00Z"},
        ],
    )
    shown = {a["labels"]["alertname"]: a for a in await house.get(PATH)}
    assert set(shown) == {"Epoch", "Zero", "Later"}
    assert shown["Epoch"]["startsAt"] == "1970-01-01T00:00:00.000Z"
    assert shown["Zero"]["startsAt"] == shown["Zero"]["updatedAt"]
    assert shown["Later"]["endsAt"] == "2099-01-02T00:00:00.000Z"
    # An end that was named stands until a later one is; a timeout moves with each post.
    await house.post(PATH, [alert("Later"), {**alert("Zero"), "startsAt": "2026-01-01T00:00:00Z"}])
    again = {a["labels"]["alertname"]: a for a in await house.get(PATH)}
    assert again["Later"]["endsAt"] == "2099-01-02T00:00:00.000Z"
    assert again["Zero"]["startsAt"] == "2026-01-01T00:00:00.000Z"
    await house.post(PATH, [{**alert("Later"), "endsAt": moment(-1)}])
    assert await names(house) == ["Epoch", "Zero"]


async def test_what_alertmanager_refuses_is_refused_and_the_rest_is_kept(house: House) -> None:
    wrong: list[tuple[Any, str]] = [
        ({}, "alerts[1].labels: is required"),
        ({"labels": {}}, "at least one label pair required"),
        ({"labels": {"a": ""}}, "at least one label pair required"),
        ({"labels": {"a b": "1"}}, "invalid name 'a b'"),
        ({"labels": {"中文": "1"}}, "invalid name"),
        ({**alert("X"), "annotations": {"a-b": "1"}}, "alerts[1].annotations: invalid name"),
        ({**alert("X"), "startsAt": "2099-01-01T00:00:00Z"}, "start time must be before end"),
        ({**alert("X"), "startsAt": moment(0), "endsAt": moment(-9)}, "start time must be before"),
        ({**alert("X"), "endsAt": "tomorrow"}, "is not a time"),
        ({"labels": {f"l{i}": "v" for i in range(10_000)}}, "has 10000 names, 64 are allowed"),
        (None, "alerts[1]: must be an object"),
        ("x", "alerts[1]: must be an object"),
    ]
    async with house.client.get("/healthz") as answer:
        assert answer.status == 200
    for i, (bad, text) in enumerate(wrong):
        if len(str(bad)) > 64_000:
            continue
        status, said = await house.call("POST", PATH, json=[alert(f"Good{i}"), bad])
        assert status == 400, (bad, said)
        assert isinstance(said, str), said
        assert text in said, (bad, said)
        assert f"Good{i}" in await names(house)
    rejected = (await house.get("/api/v1/events/rejected"))["items"]
    assert {r["source"] for r in rejected} == {"alertmanager"}
    status, _ = await house.call("POST", f"/api/v1/events/rejected/{rejected[0]['id']}/replay")
    assert status == 422


async def test_a_body_that_cannot_be_read(house: House) -> None:
    for body, status in (
        (b"x", 400), (b"{}", 400), (b'"x"', 400), (b"", 400), (b"[", 400), (b"\xff", 400),
        (b"[" * 100_000, 413), (b"[" * 50_000, 400), (b"null", 200), (b"[]", 200),
    ):  # fmt: skip
        headers = {"Content-Type": "application/json"}
        got, said = await house.call("POST", PATH, data=body, headers=headers)
        assert got == status, (body[:9], said)
        assert status == 200 or isinstance(said, str) or set(said) == {"code", "message"}
    got, said = await house.call("POST", PATH, data=b"[]", headers={"Content-Type": "text/plain"})
    assert (got, said["code"]) == (415, 415)


async def test_an_annotation_of_a_megabyte_is_shortened(opened: Any) -> None:
    async with opened(limits={"max_body": "4MiB"}) as house:
        long = {**alert("Long"), "annotations": {"summary": "x" * 2**20}}
        many = {"labels": {f"l{i}": "v" for i in range(10_000)}}
        assert (await house.call("POST", PATH, json=[long]))[0] == 200
        [shown] = await house.get(PATH)
        assert 1000 < len(shown["annotations"]["summary"]) < 20_000
        assert (await house.call("POST", PATH, json=[many]))[0] == 400


async def test_an_alert_without_a_name_stays_without(house: House) -> None:
    await house.post(PATH, [{"labels": {"job": "a"}}, {"labels": {"job": "b"}}])
    assert sorted(str(a["labels"]) for a in await house.get(PATH)) == [
        "{'job': 'a'}",
        "{'job': 'b'}",
    ]
    items = (await house.get("/api/v1/alerts"))["items"]
    assert all(item["labels"]["alertname"] for item in items)


async def test_what_the_settings_grade_is_shown_as_it_was_sent(opened: Any) -> None:
    grades = [{"matchers": ['alertname=~"Disk.*"'], "set": "critical"}]
    async with opened(severity=grades) as house:
        sent = [alert("DiskFull", severity="page"), alert("DiskSlow"), alert("Slow", severity="x")]
        await house.post(PATH, sent)
        shown = await house.get(PATH)
        assert {str(sorted(a["labels"].items())) for a in shown} == {
            str(sorted(a["labels"].items())) for a in sent
        }
        ours = (await house.get("/api/v1/alerts"))["items"]
        assert sorted(a["severity"] for a in ours) == ["critical", "critical", "info"]
        assert await names(house, "filter=severity%3Dpage") == ["DiskFull"]


async def test_filters(opened: Any) -> None:
    async with opened(**ROUTES) as house:
        await house.post(
            PATH,
            [
                alert("A", severity="critical", host="h1"),
                alert("B", severity="warning", host="h1"),
                alert("C", severity="warning", host="h2", team="payments"),
                alert("D", host="h2"),
            ],
        )
        silence = {
            "matchers": [{"name": "alertname", "value": "D", "isRegex": False}],
            "startsAt": moment(0),
            "endsAt": moment(3600),
            "createdBy": "ann",
            "comment": "x",
        }
        made = await house.post("/api/v2/silences", silence)
        shown = {a["labels"]["alertname"]: a for a in await house.get(PATH)}
        assert shown["B"]["status"] == {
            "state": "suppressed",
            "silencedBy": [],
            "inhibitedBy": [shown["A"]["fingerprint"]],
        }
        assert shown["D"]["status"]["silencedBy"] == [made["silenceID"]]
        assert shown["A"]["receivers"] == [{"name": "critical"}]
        assert shown["C"]["receivers"] == [{"name": "payments"}]
        cases = {
            "": "ABCD",
            "active=false": "BD",
            "silenced=false": "ABC",
            "inhibited=false": "ACD",
            "active=&silenced=FALSE&inhibited=0": "AC",
            "unprocessed=false": "ABCD",
            "receiver=critical": "A",
            "receiver=crit": "",
            "receiver=crit.*|payments": "AC",
            "filter=" + quote('severity="warning"') + "&filter=" + quote('host=~"h.*"'): "BC",
            "filter=" + quote("severity!=warning"): "AD",
            "filter=" + quote('severity=""'): "D",
            "filter=" + quote('host=~"h"'): "",
            "filter=" + quote('team!~"pay.*"'): "ABD",
        }
        for query, expected in cases.items():
            assert await names(house, query) == list(expected), query
        for query in ("filter=nonsense", "filter=" + quote('a=~"("'), "receiver=("):
            for path in (PATH, f"{PATH}/groups"):
                status, said = await house.call("GET", f"{path}?{query}")
                assert (status, type(said)) == (400, str), said
        assert await house.get("/api/v2/receivers") == [
            {"name": "all"}, {"name": "critical"}, {"name": "payments"}
        ]  # fmt: skip


async def test_groups(opened: Any) -> None:
    async with opened(**ROUTES) as house:
        both = alert("A", severity="critical", host="h1", team="payments")
        await house.post(PATH, [both, alert("B", team="payments", host="h1"), alert("C")])
        groups = [
            (g["receiver"]["name"], g["labels"], [a["labels"]["alertname"] for a in g["alerts"]])
            for g in await house.get(f"{PATH}/groups")
        ]
        assert [(r, labels, sorted(found)) for r, labels, found in groups] == [
            ("critical", {"alertname": "A"}, ["A"]),
            ("all", {"alertname": "C"}, ["C"]),
            ("payments", {"host": "h1"}, ["A", "B"]),
        ]
        [alone] = await house.get(f"{PATH}/groups?receiver=critical")
        assert alone["alerts"][0]["receivers"] == [{"name": "critical"}, {"name": "payments"}]
        assert await house.get(f"{PATH}/groups?filter=alertname=X") == []


async def test_very_many_alerts_come_in_pieces(opened: Any) -> None:
    async with opened(
        limits={"max_body": "4MiB"}, route={"receiver": "all", "group_wait": "1h"}
    ) as house:
        many = [alert("Many", serial=str(i), text="x" * 200) for i in range(3000)]
        await house.post(PATH, many)
        found = await house.get(PATH)
        assert [a["fingerprint"] for a in found] == sorted(fingerprint(a["labels"]) for a in many)
        [group] = await house.get(f"{PATH}/groups")
        assert len(group["alerts"]) == len(many)
        status, body = await house.call("HEAD", PATH)
        assert (status, body) == (200, "")


async def test_status(house: House) -> None:
    status = await house.get("/api/v2/status")
    assert status["cluster"] == {"status": "disabled", "peers": []}
    assert set(status["versionInfo"]) == {
        "version", "revision", "branch", "buildUser", "buildDate", "goVersion"
    }  # fmt: skip
    assert "receiver: all" in status["config"]["original"]
    assert "token" not in status["config"]["original"]
