"""Alertmanager's webhook: what it sends, and which events come of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InvalidInput
from core.intake import alertmanager
from core.intake.parsed import Parsed

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "NodeDiskFull", "instance": "db-01:9100", "severity": "critical"},
    "annotations": {"summary": "db-01 磁盘 97%", "runbook_url": "https://wiki.example.com/disk"},
    "startsAt": "2026-06-01T11:30:05.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prom.example.com:9090/graph?g0.expr=up&g0.tab=1",
    "fingerprint": "a3f1c0de12345678",
}


def message(*alerts: Any, **more: Any) -> dict[str, Any]:
    return {
        "receiver": "tocsin",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "NodeDiskFull"},
        "commonLabels": {"alertname": "NodeDiskFull"},
        "commonAnnotations": {},
        "externalURL": "http://am.example.com:9093",
        "version": "4",
        "groupKey": '{}:{alertname="NodeDiskFull"}',
        "truncatedAlerts": 0,
        **more,
    }


def parse(value: Any) -> Parsed:
    # As Go writes it: `&` is escaped.
    body = value if isinstance(value, bytes) else json.dumps(value).replace("&", "\\u0026").encode()
    return alertmanager.parse(body, "hook:main", NOW)


def test_a_firing_alert() -> None:
    (event,) = parse(message(FIRING)).events
    assert event.source == "hook:main"
    assert event.labels == FIRING["labels"]
    assert event.annotations == FIRING["annotations"]
    assert (event.status, event.occurred_at, event.ends_at) == ("firing", NOW, None)
    assert event.starts_at == datetime(2026, 6, 1, 11, 30, 5, 123000, tzinfo=UTC)
    assert event.fingerprint == "a3f1c0de12345678"
    assert event.links == {
        "generator": "http://prom.example.com:9090/graph?g0.expr=up&g0.tab=1",
        "alertmanager": "http://am.example.com:9093",
    }


def test_a_resolved_alert_ended_when_it_says() -> None:
    ended = datetime(2026, 6, 1, 11, 59, tzinfo=UTC)
    (event,) = parse(
        message({**FIRING, "status": "resolved", "endsAt": "2026-06-01T11:59:00Z"})
    ).events
    assert (event.status, event.occurred_at, event.ends_at) == ("resolved", ended, ended)
    (vague,) = parse(message({**FIRING, "status": "resolved"})).events
    assert (vague.occurred_at, vague.ends_at) == (NOW, None)


def test_the_end_of_a_firing_alert_is_no_promise() -> None:
    (event,) = parse(message({**FIRING, "endsAt": "2026-06-01T12:04:00Z"})).events
    assert event.ends_at is None


def test_common_labels_fill_what_an_alert_lacks() -> None:
    bare = {**FIRING, "labels": {"instance": "db-02"}}
    (event,) = parse(message(bare, commonLabels={"alertname": "A", "instance": "x"})).events
    assert event.labels == {"alertname": "A", "instance": "db-02"}


def test_alerts_that_were_left_out_are_told() -> None:
    (event,) = parse(message(FIRING, truncatedAlerts=12)).events
    assert event.annotations["truncated_alerts"] == "12"


def test_only_web_addresses_become_links() -> None:
    (event,) = parse(
        message({**FIRING, "generatorURL": "javascript:alert(1)"}, externalURL="")
    ).events
    assert event.links == {}
    (lenient,) = parse(message({**FIRING, "generatorURL": 5}, externalURL=None)).events
    assert lenient.links == {}


def test_the_good_ones_are_kept_and_the_others_named() -> None:
    parsed = parse(
        message(
            FIRING,
            {**FIRING, "status": "pending"},
            None,
            {**FIRING, "labels": {"a": []}},
            {**FIRING, "labels": {"alertname": 5, "x": None}, "startsAt": "soon", "endsAt": 12},
            {k: v for k, v in FIRING.items() if k != "status"},
            commonLabels=7,
        )
    )
    assert [r.detail for r in parsed.rejected] == [
        "alerts[1].status: must be firing or resolved",
        "alerts[2]: must be an object, not null",
        "alerts[3].labels.a: must be a text, not a list",
    ]
    assert [e.labels["alertname"] for e in parsed.events] == ["NodeDiskFull", "5", "NodeDiskFull"]
    assert parsed.events[1].starts_at is None
    assert parsed.events[2].status == "firing"
    (nameless,) = parse(message({"status": "firing", "labels": {}}, commonLabels={})).rejected
    assert nameless.detail == "alerts[0].labels: is required"


def test_a_fingerprint_that_is_none_is_left_out() -> None:
    (event,) = parse(message({**FIRING, "fingerprint": "x y; z"})).events
    assert event.fingerprint == ""


def test_secrets_are_masked() -> None:
    noted = {**FIRING, "annotations": {"description": "redis://:hunter2@cache:6379 is down"}}
    (event,) = parse(message(noted)).events
    assert event.annotations == {"description": "redis://:***@cache:6379 is down"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"alerts": {}}', b"{", b'"x"'])
def test_a_body_that_is_no_message(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(body)


def test_a_message_without_alerts_says_nothing() -> None:
    assert parse(message()) == Parsed([], [])
