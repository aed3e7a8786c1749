"""Sentry: an issue is one alert, a metric rule is one alert, whichever hook tells of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import InvalidInput
from core.intake.request import HookRequest
from core.intake.sentry import parse
from core.model.event import Event, normalise_severity

NOW = datetime(2026, 11, 24, 1, 31, tzinfo=UTC)


def told(body: Any, resource: str = "") -> list[Event]:
    headers = {"sentry-hook-resource": resource} if resource else {}
    parsed = parse(HookRequest(json.dumps(body).encode(), headers), "hook:s", NOW)
    assert parsed.rejected == []
    return parsed.events


def issue_alert(**event: Any) -> dict[str, Any]:
    whole = {
        "event_id": "e" * 32,
        "project": 1,
        "platform": "python",
        "level": "error",
        "title": "ZeroDivisionError: division by zero",
        "culprit": "billing.tasks in settle",
        "environment": "production",
        "datetime": "2026-11-24T01:30:05.123000Z",
        "tags": [["server_name", "app-03"], ["level", "error"], {"key": "release", "value": "4.2"}],
        "issue_id": "1117540176",
        "url": "https://sentry.io/api/0/projects/acme/billing/events/eee/",
        "web_url": "https://sentry.io/organizations/acme/issues/1117540176/events/eee/",
    }
    data = {"event": {**whole, **event}, "triggered_rule": "errors > 10/min"}
    return {"action": "triggered", "data": data}


def issue(action: str, **changes: Any) -> dict[str, Any]:
    whole = {
        "id": "1117540176",
        "shortId": "BILLING-1",
        "title": "ZeroDivisionError: division by zero",
        "level": "error",
        "status": "unresolved",
        "project": {"id": "1", "name": "Billing", "slug": "billing"},
        "firstSeen": "2026-11-24T01:00:00Z",
        "permalink": "https://sentry.io/organizations/acme/issues/1117540176/",
    }
    return {"action": action, "data": {"issue": {**whole, **changes}}}


def metric(action: str, **changes: Any) -> dict[str, Any]:
    alert = {
        "id": "7",
        "title": "Too many errors",
        "alert_rule": {"id": "12", "name": "Too many errors", "query": "level:error"},
        "projects": ["billing"],
        "date_started": "2026-11-24T01:20:00Z",
        "date_closed": "2026-11-24T01:30:00Z" if action == "resolved" else None,
    }
    data = {
        "metric_alert": {**alert, **changes},
        "description_text": "1000 events in the last 10 minutes",
        "description_title": f"{action}: Too many errors",
        "web_url": "https://sentry.io/organizations/acme/alerts/rules/details/12/",
    }
    return {"action": action, "data": data}


def test_an_issue_alert() -> None:
    (event,) = told(issue_alert(), "event_alert")
    assert event.status == "firing"
    assert event.labels == {
        "alertname": "ZeroDivisionError: division by zero",
        "project": "billing",
        "platform": "python",
        "environment": "production",
        "server_name": "app-03",
        "release": "4.2",
    }
    assert normalise_severity(event.severity) == "critical"
    assert event.annotations["rule"] == "errors > 10/min"
    assert event.links["issue"] == "https://sentry.io/organizations/acme/issues/1117540176/"
    assert event.occurred_at < NOW


def test_the_issue_ends_what_its_alert_began() -> None:
    (fired,) = told(issue_alert(), "event_alert")
    for action in ("resolved", "archived", "ignored"):
        (ended,) = told(issue(action), "issue")
        assert ended.status == "resolved"
        assert ended.fingerprint == fired.fingerprint
        assert ended.ends_at == NOW
    for action in ("created", "unresolved"):
        (again,) = told(issue(action), "issue")
        assert (again.status, again.fingerprint) == ("firing", fired.fingerprint)
    (other,) = told(issue_alert(issue_id=2), "event_alert")
    assert other.fingerprint != fired.fingerprint


def test_a_metric_alert_is_one_alert_whatever_its_level() -> None:
    (critical,) = told(metric("critical"), "metric_alert")
    (warning,) = told(metric("warning", id="8"), "metric_alert")
    (resolved,) = told(metric("resolved"), "metric_alert")
    assert [e.severity for e in (critical, warning)] == ["critical", "warning"]
    assert [e.status for e in (critical, warning, resolved)] == ["firing", "firing", "resolved"]
    assert len({e.fingerprint for e in (critical, warning, resolved)}) == 1
    assert critical.labels == {"alertname": "Too many errors", "project": "billing"}
    assert resolved.ends_at == datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def test_the_older_plugin() -> None:
    body = {
        "id": "1117540176",
        "project": "billing",
        "level": "warning",
        "culprit": "billing.tasks",
        "message": "slow",
        "url": "https://sentry.example/acme/billing/issues/1117540176/",
        "event": {"title": "slow query", "tags": None},
    }
    (event,) = told(body)
    assert event.labels["project"] == "billing"
    assert event.severity == "warning"
    assert event.fingerprint == told(issue_alert())[0].fingerprint


def test_what_is_no_alert_is_taken_and_says_nothing() -> None:
    assert told(issue("assigned"), "issue") == []
    assert told({"action": "created", "data": {"installation": {}}}, "installation") == []
    assert told({"action": "created", "data": {"comment": "x"}}, "comment") == []


def test_the_header_may_be_missing() -> None:
    assert told(issue_alert())[0].status == "firing"
    assert told(issue("resolved"))[0].status == "resolved"
    assert told(metric("resolved"))[0].status == "resolved"


def test_odd_but_real() -> None:
    (event,) = told(
        issue_alert(
            title="x" * 100_000,
            tags={"a": 1},
            level=None,
            datetime="not a time",
            web_url="javascript:alert(1)",
            url="https://[",
            environment={"a": 1},
            metadata=[],
        )
    )
    assert event.occurred_at == NOW
    assert event.links == {}
    assert len(event.labels["alertname"]) <= 80
    late = issue_alert(datetime=(NOW + timedelta(days=9)).isoformat())
    assert told(late)[0].occurred_at == NOW


@pytest.mark.parametrize(
    "body", [{}, [], {"data": {}}, {"data": None}, {"event": None}, 7, {"action": "triggered"}]
)
def test_what_no_alert_can_be_made_of(body: Any) -> None:
    with pytest.raises(InvalidInput):
        parse(HookRequest(json.dumps(body).encode()), "hook:s", NOW)


def test_a_nameless_event_is_rejected_with_the_path() -> None:
    body = json.dumps({"data": {"event": {"level": "error"}}}).encode()
    parsed = parse(HookRequest(body), "hook:s", NOW)
    assert parsed.rejected[0].detail == "data.event.title: is required"
