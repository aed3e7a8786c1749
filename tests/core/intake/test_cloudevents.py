"""CloudEvents 1.0: the same event in every content mode is the same alert."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InvalidInput
from core.intake.cloudevents import parse
from core.intake.request import HookRequest
from core.model.event import Event

NOW = datetime(2026, 11, 24, 1, 31, tzinfo=UTC)
DATA = {
    "title": "backup failed",
    "message": "exit 2",
    "status": "firing",
    "labels": {"host": "db-01"},
}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "/ops/backup",
    "type": "com.example.backup.failed",
    "subject": "db-01/full",
    "time": "2026-11-24T01:30:05Z",
    "datacontenttype": "application/json",
    "severity": "critical",
    "data": DATA,
}


def request(body: Any, kind: str = "application/cloudevents+json", **headers: str) -> HookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HookRequest(raw, {"content-type": kind, **headers})


def told(one: HookRequest) -> list[Event]:
    parsed = parse(one, "hook:c", NOW)
    assert parsed.rejected == []
    return parsed.events


def binary(body: bytes, kind: str, **changes: str) -> HookRequest:
    attributes = {k: v for k, v in EVENT.items() if k not in ("data", "datacontenttype")}
    headers = {f"ce-{k}": v for k, v in {**attributes, **changes}.items()}
    return request(body, kind, **headers)


def test_structured() -> None:
    (event,) = told(request(EVENT, "application/cloudevents+json; charset=utf-8"))
    assert event.labels == {
        "alertname": "backup failed",
        "type": "com.example.backup.failed",
        "subject": "db-01/full",
        "host": "db-01",
        "source": "/ops/backup",
    }
    assert event.annotations == {"summary": "exit 2"}
    assert (event.severity, event.status) == ("critical", "firing")
    assert event.starts_at == datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC)


def test_every_mode_says_the_same() -> None:
    (structured,) = told(request(EVENT))
    (in_batch,) = told(request([EVENT], "application/cloudevents-batch+json"))
    (in_headers,) = told(binary(json.dumps(DATA).encode(), "application/json"))
    (plain,) = told(request(EVENT, "application/json"))
    encoded = {k: v for k, v in EVENT.items() if k != "data"}
    encoded["data_base64"] = base64.b64encode(json.dumps(DATA).encode()).decode()
    (in_base64,) = told(request(encoded))
    assert structured == in_batch == in_headers == plain == in_base64


def test_a_later_state_of_the_same_thing_is_the_same_alert() -> None:
    (fired,) = told(request(EVENT))
    ended = {**EVENT, "id": "2", "data": {**DATA, "status": "resolved"}}
    (by_data,) = told(request(ended))
    (by_extension,) = told(request({**EVENT, "data": None, "status": "resolved"}))
    for event in (by_data, by_extension):
        assert (event.status, event.fingerprint) == ("resolved", fired.fingerprint)
    assert told(request({**EVENT, "subject": "db-02"}))[0].fingerprint != fired.fingerprint
    keyed = told(request({**EVENT, "data": {**DATA, "dedup_key": "k"}}))[0]
    assert (keyed.dedup_key, keyed.fingerprint) == ("k", "")


def test_data_that_is_text_or_nothing() -> None:
    (text,) = told(binary("磁盘满了".encode(), "text/plain; charset=utf-8"))
    assert text.body == "磁盘满了"
    assert text.ends_at is not None  # nobody will tell its end
    assert text.ends_at > NOW
    assert text.labels["alertname"] == "com.example.backup.failed"
    for body in (b"", b"\x00\xff", b"[1, 2]"):
        kind = "application/json" if body.startswith(b"[") else "application/octet-stream"
        (event,) = told(binary(body, kind))
        assert event.labels["type"] == "com.example.backup.failed"
        assert event.body == ""


def test_headers_are_percent_encoded() -> None:
    (event,) = told(binary(b"", "application/json", subject="%E7%A3%81%E7%9B%98", team='"a b"'))
    assert event.labels["subject"] == "磁盘"
    assert event.labels["team"] == "a b"


def test_bad_entries_of_a_batch_are_rejected_alone() -> None:
    batch = [EVENT, {"specversion": "1.0"}, 7, {**EVENT, "specversion": "0.3"},
             {**EVENT, "data": None, "data_base64": "%"}]  # fmt: skip
    parsed = parse(request(batch, "application/cloudevents-batch+json"), "hook:c", NOW)
    assert len(parsed.events) == 1
    assert [r.detail for r in parsed.rejected] == [
        "[1].id: is required",
        "[2]: must be an object, not a number",
        "[3].specversion: must be 1.0",
        "data_base64: is not base64",
    ]


def test_what_was_rejected_can_come_again_as_it_was_kept() -> None:
    bad = binary(b'{"title": "x"}', "application/json", specversion="2.0")
    (rejected,) = parse(bad, "hook:c", NOW).rejected
    kept = json.loads(rejected.payload)
    assert kept["data"] == {"title": "x"}
    kept["specversion"] = "1.0"
    again = HookRequest(json.dumps(kept).encode(), bad.headers, entry=True)
    assert told(again)[0].labels["alertname"] == "x"
    kind = {"content-type": "application/cloudevents-batch+json"}
    assert len(told(HookRequest(json.dumps(EVENT).encode(), kind, entry=True))) == 1


@pytest.mark.parametrize(
    "one",
    [
        request(b"<event/>", "application/cloudevents+xml"),
        request(b"{", "application/cloudevents+json"),
        request(EVENT, "application/cloudevents-batch+json"),
        binary(b"{", "application/json"),
    ],
)
def test_what_cannot_be_read_at_all(one: HookRequest) -> None:
    with pytest.raises(InvalidInput):
        parse(one, "hook:c", NOW)


def test_nulls_and_numbers() -> None:
    odd = {**EVENT, "subject": None, "time": "yesterday", "id": 7, "severity": 3, "data": 12}
    (event,) = told(request(odd))
    assert event.severity == "3"
    assert event.occurred_at == NOW
    assert "subject" not in event.labels
