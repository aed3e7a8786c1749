"""Grafana's webhook contact point: what it sends, and which events come of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InvalidInput
from core.intake import grafana
from core.intake.parsed import Parsed

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "磁盘将满", "grafana_folder": "prod", "severity": "critical"},
    "annotations": {"summary": "db-01 /data 93%", "__dashboardUid__": "abc", "__panelId__": "4"},
    "startsAt": "2026-06-01T19:30:05.123456+08:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "https://grafana.example.com/alerting/grafana/x/view?orgId=1",
    "fingerprint": "c6eadffa33fcdf37",
    "silenceURL": "https://grafana.example.com/alerting/silence/new?matcher=host%3Ddb-01",
    "dashboardURL": "https://grafana.example.com/d/abc",
    "panelURL": "",
    "imageURL": None,
    "values": {"B": 93.5, "C": 1},
    "valueString": "[ var='B' labels={host=db-01} value=93.5 ]",
}  # fmt: skip
ENDED = {**FIRING, "status": "resolved", "endsAt": "2026-06-01T19:50:00+08:00", "values": None}


def message(*alerts: Any, **more: Any) -> dict[str, Any]:
    return {
        "receiver": "tocsin",
        "status": "firing",
        "orgId": 1,
        "alerts": list(alerts),
        "commonLabels": {},
        "externalURL": "https://grafana.example.com/",
        "version": "1",
        "truncatedAlerts": 0,
        "title": "[FIRING:1] prod",
        "state": "alerting",
        **more,
    }


def parse(value: Any) -> Parsed:
    return grafana.parse(json.dumps(value).encode(), "hook:main", NOW)


def test_a_firing_alert() -> None:
    (event,) = parse(message(FIRING)).events
    assert event.labels == FIRING["labels"]
    assert event.annotations == {"summary": "db-01 /data 93%", "values": "B=93.5 C=1"}
    assert (event.status, event.occurred_at, event.ends_at) == ("firing", NOW, None)
    assert event.starts_at == datetime(2026, 6, 1, 11, 30, 5, 123456, tzinfo=UTC)
    assert event.fingerprint == "c6eadffa33fcdf37"
    assert event.links == {
        "generator": FIRING["generatorURL"],
        "dashboard": FIRING["dashboardURL"],
        "silence": FIRING["silenceURL"],
        "grafana": "https://grafana.example.com/",
    }


def test_its_end_meets_it() -> None:
    (fired,), (ended,) = parse(message(FIRING)).events, parse(message(ENDED)).events
    assert ended.fingerprint == fired.fingerprint
    assert ended.status == "resolved"
    assert ended.ends_at == datetime(2026, 6, 1, 11, 50, tzinfo=UTC)
    assert ended.annotations["values"].startswith("[ var='B'")


def test_a_rule_that_cannot_be_evaluated_is_a_warning() -> None:
    labels = {"alertname": "DatasourceError", "rulename": "磁盘将满", "datasource_uid": "p1"}
    (event,) = parse(message({**FIRING, "labels": labels})).events
    assert (event.labels, event.severity) == (labels, "warning")


def test_an_alert_without_a_name_is_named_after_its_rule_or_its_group() -> None:
    for labels, name in (({"rulename": "R"}, "R"), ({"host": "a"}, "[FIRING:1] prod")):
        (event,) = parse(message({**FIRING, "labels": labels})).events
        assert event.labels["alertname"] == name


def test_the_good_ones_are_kept() -> None:
    odd = {"labels": {"alertname": 7, "n": None}, "values": "NaN", "annotations": None}
    parsed = parse(
        message(FIRING, "x", odd, {**FIRING, "status": "pending"}, truncatedAlerts=3, externalURL=1)
    )
    assert [r.detail.split(":")[0] for r in parsed.rejected] == ["alerts[1]", "alerts[3].status"]
    assert [e.labels["alertname"] for e in parsed.events] == ["磁盘将满", "7"]
    assert parsed.events[1].annotations == {"truncated_alerts": "3"}


@pytest.mark.parametrize("value", [[], {}, {"alerts": {}}, {"ruleName": "legacy"}, 1, None])
def test_what_is_no_message(value: Any) -> None:
    with pytest.raises(InvalidInput):
        parse(value)
