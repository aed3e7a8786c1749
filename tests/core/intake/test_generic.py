"""Any sender's JSON: by a mapping, or by a best guess."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config.mapping import Mapping
from core.errors import InvalidInput
from core.intake import cloudevents, generic, github, gitlab, sentry
from core.intake.parsed import Parsed
from core.intake.request import HookRequest
from core.model.event import Event

NOW = datetime(2026, 11, 24, 1, 31, tzinfo=UTC)
NAGIOS = {
    "items": "payload.alerts",
    "common": {"cluster": "payload.cluster"},
    "labels": {"alertname": "check.name", "host": "node", "tags": "tags"},
    "annotations": {"summary": "join(' ', [check.name, check.output])"},
    "severity": "level",
    "severities": {"2": "critical", "1": "warning"},
    "status": "state",
    "statuses": {"CRIT": "firing", "OK": "resolved", "SOFT": "ignore", True: "firing"},
    "starts_at": "since",
    "ends_at": "until",
    "dedup_key": "id",
    "links": {"runbook": "check.doc"},
}
ENTRY = {
    "id": 17,
    "node": "db-01",
    "check": {"name": "DiskFull", "output": "98%", "doc": "https://wiki.example/disk"},
    "level": 2,
    "state": " crit ",
    "since": 1795483805,
    "tags": ["a", "b"],
}


def read(body: Any, mapping: Any = None, *, entry: bool = False) -> Parsed:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    compiled = Mapping.model_validate(mapping) if mapping is not None else None
    return generic.parse(HookRequest(raw, entry=entry), "hook:m", NOW, compiled)


def mapped(*entries: Any, **changes: Any) -> Parsed:
    body = {"payload": {"cluster": "east", "alerts": list(entries)}}
    return read(body, {**NAGIOS, **changes})


def guessed(body: Any) -> list[Event]:
    parsed = read(body)
    assert parsed.rejected == []
    return parsed.events


# With a mapping


def test_a_mapping_finds_everything() -> None:
    (event,) = mapped(ENTRY).events
    assert event == Event(
        source="hook:m",
        occurred_at=datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC),
        labels={"cluster": "east", "alertname": "DiskFull", "host": "db-01", "tags": "a,b"},
        annotations={"summary": "DiskFull 98%"},
        severity="critical",
        status="firing",
        dedup_key="17",
        starts_at=datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC),
        links={"runbook": "https://wiki.example/disk"},
    )


def test_the_table_of_words() -> None:
    ok, soft, yes = ({**ENTRY, "state": word} for word in ("OK", "SOFT", True))
    parsed = mapped(ok, soft, yes, {**ENTRY, "state": None}, {**ENTRY, "state": "recovered"})
    assert [e.status for e in parsed.events] == ["resolved", "firing", "firing", "resolved"]
    assert parsed.events[0].ends_at == NOW
    (rejected,) = mapped({**ENTRY, "state": "WAT"}).rejected
    assert rejected.reason == "bad_value"
    assert rejected.detail == "items[0].status: 'WAT' does not stand in mapping.statuses"


def test_without_items_the_body_is_the_entry_or_holds_one_object() -> None:
    flat = {"labels": {"alertname": "check.name"}}
    assert read(ENTRY, flat).events[0].labels == {"alertname": "DiskFull"}
    assert len(read([ENTRY, ENTRY], {**flat, "items": "@"}).events) == 2
    assert len(read({"one": ENTRY}, {**flat, "items": "one"}).events) == 1
    assert read({"payload": {"alerts": []}}, NAGIOS).events == []
    for body, mapping in (([ENTRY], flat), (7, flat), ({}, NAGIOS), ({"payload": 1}, NAGIOS)):
        with pytest.raises(InvalidInput):
            read(body, mapping)


def test_bad_entries_are_rejected_alone_with_their_path() -> None:
    nameless = {**ENTRY, "check": None}
    parsed = mapped(ENTRY, nameless, 7, {**ENTRY, "check": {"name": {"a": 1}}})
    assert len(parsed.events) == 1
    assert [r.detail.split(": ")[0] for r in parsed.rejected] == [
        "items[1].labels.alertname", "items[2].labels.alertname", "items[3].labels.alertname",
    ]  # fmt: skip


def test_what_a_function_cannot_take_is_the_entrys_fault() -> None:
    (rejected,) = mapped({**ENTRY, "check": {"name": "x", "output": ["secret"]}}).rejected
    assert rejected.reason == "bad_type"
    assert "join() cannot take this list" in rejected.detail
    infinite = {"labels": {"alertname": "to_string(ceil(to_number(n)))"}}
    (rejected,) = read({"n": "inf"}, infinite).rejected
    assert "OverflowError" in rejected.detail


def test_a_rejected_entry_is_read_by_the_mapping_of_today() -> None:
    wrong = {**NAGIOS, "labels": {"alertname": "chek.name"}}
    (rejected,) = read({"payload": {"cluster": "east", "alerts": [ENTRY]}}, wrong).rejected
    (event,) = read(rejected.payload.encode(), NAGIOS, entry=True).events
    assert event == mapped(ENTRY).events[0]


def test_a_body_without_items_is_read_by_a_mapping_that_has_them_since() -> None:
    whole = {"payload": {"cluster": "east", "alerts": [ENTRY]}}
    (rejected,) = read(whole, {"labels": {"alertname": "check.name"}}).rejected
    assert read(rejected.payload.encode(), NAGIOS, entry=True).events == mapped(ENTRY).events


def test_hostile_bodies_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="send at most"):
        read([{}] * 20_000, {**NAGIOS, "items": "@"})
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    assert read(deep, {"labels": {"alertname": "a.b", "x": "a.a"}}).rejected
    monkeypatch.setattr(generic, "BUDGET", 0.0)
    slow = {"items": "@", "labels": {"alertname": "join(',', sort(keys(@)))"}}
    began = time.monotonic()
    with pytest.raises(InvalidInput, match="takes over"):
        read([{str(i): i for i in range(20_000)}] * 20, slow)
    assert time.monotonic() - began < 15


def test_huge_and_odd_values_are_made_fit() -> None:
    odd = {**ENTRY, "node": "x" * 100_000, "id": "k" * 5000, "since": "yesterday"}
    (event,) = mapped(odd).events
    assert len(event.labels["host"]) <= 4096
    assert len(event.dedup_key) == 16
    assert event.occurred_at == NOW
    (event,) = mapped({**ENTRY, "node": "token=abcdefghijklmnop1234567890"}).events
    assert "abcdefghijklmnop1234567890" not in event.labels["host"]


# Without a mapping


def test_our_own_suggestion_of_a_form() -> None:
    (event,) = guessed(
        {
            "title": "backup failed",
            "message": "db-01 full backup exit 2",
            "status": "firing",
            "severity": "critical",
            "source": "cron",
            "dedup_key": "backup:db-01",
            "labels": {"host": "db-01", "env": "prod"},
            "links": [{"text": "log", "url": "https://ops.example.com/log/1"}],
            "starts_at": "2026-11-24T01:30:05Z",
        }
    )
    assert event.labels == {
        "source": "cron", "host": "db-01", "env": "prod", "alertname": "backup failed",
    }  # fmt: skip
    assert event.annotations == {"summary": "db-01 full backup exit 2"}
    assert (event.severity, event.status, event.dedup_key) == (
        "critical", "firing", "backup:db-01",
    )  # fmt: skip
    assert event.links == {"log": "https://ops.example.com/log/1"}
    assert event.starts_at == datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [("OK", "resolved"), ("Recovered", "resolved"), ("已恢复", "resolved"), ("PROBLEM", "firing"),
     ("CLOSED", "resolved"), ("in progress", "firing"), (None, "firing"), (500, "firing")],
)  # fmt: skip
def test_words_for_a_status(word: Any, status: str) -> None:
    (event,) = guessed({"name": "x", "state": word})
    assert event.status == status


def test_what_varies_is_no_part_of_an_alerts_identity() -> None:
    one, two = (
        guessed(
            {"alertName": "CPU", "instanceId": i, "host": "a", "value": i, "time": 1795483800 + i}
        )
        for i in (1, 2)
    )
    assert one[0].labels == two[0].labels == {"alertname": "CPU", "host": "a"}
    assert one[0].annotations["value"] == "1"


def test_lists_and_wrappers() -> None:
    for body in ([{"title": "a"}, {"title": "b"}], {"alerts": [{"title": "a"}, {"title": "b"}]}):
        assert [e.labels["alertname"] for e in guessed(body)] == ["a", "b"]
    assert len(guessed({"title": "one", "items": [{"title": "a"}]})) == 1
    assert len(guessed({"text": "没有标题"})) == 1


def test_tags_in_any_form() -> None:
    for tags in (["env:prod", "x"], [{"key": "env", "value": "prod"}], {"env": "prod", "n": []}):
        (event,) = guessed({"title": "x", "tags": tags})
        assert event.labels == {"env": "prod", "alertname": "x"}


def test_what_says_nothing_is_rejected() -> None:
    for body in ({}, {"value": 3}, {"labels": {}}, {"title": None}):
        (rejected,) = read(body).rejected
        assert rejected.reason == "missing"
    assert read([7, {"title": "a"}]).rejected[0].detail.startswith("[0]: must be an object")
    for raw in (b"", b"{", b"\xff", b'{"a":' * 100_000):
        with pytest.raises(InvalidInput):
            read(raw)


def test_what_tells_no_status_tells_no_end_and_is_over_after_an_hour() -> None:
    hour = NOW + timedelta(hours=1)
    no_status = {k: v for k, v in NAGIOS.items() if not k.startswith("status")}
    assert guessed({"title": "x"})[0].ends_at == hour
    assert guessed({"title": "x", "status": "firing"})[0].ends_at is None
    body = {"payload": {"alerts": [ENTRY, {**ENTRY, "until": "2026-11-24T02:00:00Z"}]}}
    ends = [e.ends_at for e in read(body, no_status).events]
    assert ends == [hour, datetime(2026, 11, 24, 2, tzinfo=UTC)]
    assert mapped({**ENTRY, "until": "2026-11-24T02:00:00Z"}).events[0].ends_at is None


# Whatever comes


TEXT = st.sampled_from(
    ["firing", "resolved", "failed", "success", "pipeline", "build", "1.0", "id", "\0", "\ud800",
     "2026-11-24 01:30:05 UTC", "https://[", "", "CI", "completed"]
) | st.text(max_size=8)  # fmt: skip
NAMES = st.sampled_from(
    ["data", "event", "issue", "metric_alert", "action", "title", "alert_rule", "tags", "url",
     "object_kind", "object_attributes", "status", "project", "builds", "build_status", "ref",
     "workflow_run", "conclusion", "repository", "full_name", "specversion", "source", "type",
     "labels", "links", "alerts", "items", "name", "severity", "annotations", "time", "projects"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)
WIDE = Mapping.model_validate(
    {
        "items": "items || @",
        "labels": {"alertname": "title", "all": "values(@)", "x": "sort_by(builds, &name)"},
        "annotations": {"summary": "join(',', keys(@))", "y": "max_by(@, &a)"},
        "status": "status",
        "starts_at": "time",
        "links": {"z": "url"},
        "severity": "sum(builds)",
    }
)


@given(body=VALUES, headers=st.dictionaries(
    st.sampled_from(["ce-specversion", "ce-id", "ce-source", "ce-type", "content-type",
                     "x-github-event", "x-gitlab-event", "sentry-hook-resource"]),
    st.sampled_from(["1.0", "a", "workflow_run", "Pipeline Hook", "Job Hook", "event_alert",
                     "issue", "metric_alert", "application/cloudevents-batch+json", "text/plain"]),
    max_size=4))  # fmt: skip
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_payload_breaks_an_adapter(body: Any, headers: dict[str, str]) -> None:
    request = HookRequest(json.dumps(body).encode("utf-8", "surrogatepass"), headers)

    def plain(one: HookRequest, source: str, now: datetime) -> Parsed:
        return generic.parse(one, source, now, None)

    def by_mapping(one: HookRequest, source: str, now: datetime) -> Parsed:
        return generic.parse(one, source, now, WIDE)

    for parse in (sentry.parse, gitlab.parse, github.parse, cloudevents.parse, plain, by_mapping):
        try:
            parsed = parse(request, "hook:x", NOW)
        except InvalidInput:
            continue
        for event in parsed.events:
            assert event.occurred_at <= NOW
            assert all(isinstance(v, str) for v in (*event.labels.values(), event.severity))
            json.dumps(event.labels).encode()
