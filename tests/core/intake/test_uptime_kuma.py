"""Uptime Kuma's webhook: what it sends, and which events come of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from core.errors import InvalidInput
from core.intake import uptime_kuma
from core.intake.normalise import MOMENTARY
from core.intake.parsed import Parsed
from core.intake.request import HookRequest

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MONITOR: dict[str, Any] = {
    "id": 7,
    "name": "pay-api",
    "pathName": "生产 / pay-api",
    "description": None,
    "url": "https://pay.example.com/healthz",
    "hostname": None,
    "port": None,
    "type": "http",
    "tags": [{"name": "team", "value": "pay"}, {"name": "prod", "value": ""}, None],
}


def beat(status: Any, msg: str = "503", **more: Any) -> dict[str, Any]:
    return {
        "heartbeat": {
            "monitorID": 7, "status": status, "time": "2026-06-01 11:30:05.123", "msg": msg,
            "ping": None, "important": True, "duration": 60, "timezone": "Asia/Shanghai",
            "localDateTime": "2026-06-01 19:30:05",
        },
        "monitor": MONITOR,
        "msg": f"[pay-api] [🔴 Down] {msg}",
        **more,
    }  # fmt: skip


def parse(value: Any) -> Parsed:
    return uptime_kuma.parse(json.dumps(value).encode(), "hook:kuma", NOW)


def test_down() -> None:
    (event,) = parse(beat(0)).events
    assert event.labels == {
        "alertname": "pay-api",
        "instance": "https://pay.example.com/healthz",
        "severity": "critical",
        "type": "http",
        "group": "生产",
        "team": "pay",
        "prod": "true",
    }
    assert event.annotations == {"summary": "pay-api: 503"}
    assert (event.status, event.ends_at) == ("firing", None)
    assert event.starts_at == datetime(2026, 6, 1, 11, 30, 5, 123000, tzinfo=UTC)
    assert event.links == {"monitor": "https://pay.example.com/healthz"}


@pytest.mark.parametrize("status", [1, "1", 3, "up"])
def test_up_and_maintenance_end_it(status: Any) -> None:
    (event,) = parse(beat(status)).events
    assert event.fingerprint == parse(beat("0")).events[0].fingerprint
    at = datetime(2026, 6, 1, 11, 30, 5, 123000, tzinfo=UTC)
    assert (event.status, event.occurred_at, event.ends_at) == ("resolved", at, at)


def test_pending_says_nothing_yet() -> None:
    assert parse(beat(2)) == Parsed([], [])


def test_a_tag_sets_the_severity() -> None:
    tags = [{"name": "severity", "value": "warning"}]
    (event,) = parse(beat(0, monitor={**MONITOR, "tags": tags})).events
    assert event.labels["severity"] == "warning"


def test_a_monitor_that_is_no_web_page() -> None:
    monitor = {"id": 7, "name": "ssh", "url": "https://", "hostname": "db-01", "port": 22}
    (event,) = parse(beat(0, monitor=monitor)).events
    assert event.labels["instance"] == "db-01:22"


def test_without_a_monitor_the_message_names_it() -> None:
    (event,) = parse(beat(0, monitor=None)).events
    assert event.labels["alertname"] == "pay-api"


def test_the_test_message() -> None:
    (event,) = parse({"heartbeat": None, "monitor": None, "msg": "Kuma Testing"}).events
    assert event.labels == {"alertname": "UptimeKuma", "severity": "info"}
    assert event.annotations == {"summary": "Kuma Testing"}
    assert (event.status, event.ends_at) == ("firing", NOW + MOMENTARY)


def test_a_certificate_that_will_expire() -> None:
    said = "[pay-api][https://pay.example.com] Server certificate pay will expire in 7 days"
    (event,) = parse({"heartbeat": None, "monitor": None, "msg": said}).events
    assert event.labels == {
        "alertname": "CertificateExpiry", "monitor": "pay-api", "severity": "warning",
    }  # fmt: skip
    assert event.links == {"monitor": "https://pay.example.com"}


def test_forms() -> None:
    text = json.dumps(beat(0), ensure_ascii=False)
    wanted = parse(beat(0)).events
    body = (
        '--b1\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'
        f'--b1\r\nContent-Disposition: form-data; name="data"\r\n\r\n{text}\r\n--b1--\r\n'
    ).encode()
    multipart = HookRequest(body, {"content-type": "multipart/form-data; boundary=b1"})
    assert uptime_kuma.read(multipart, "hook:kuma", NOW).events == wanted
    headers = {"content-type": "application/x-www-form-urlencoded"}
    form = HookRequest(urlencode({"data": text}).encode(), headers)
    assert uptime_kuma.read(form, "hook:kuma", NOW).events == wanted
    again = HookRequest(text.encode(), multipart.headers, entry=True)
    assert uptime_kuma.read(again, "hook:kuma", NOW).events == wanted
    for kind in ("multipart/form-data", "multipart/form-data; boundary=other"):
        with pytest.raises(InvalidInput):
            uptime_kuma.read(HookRequest(body, {"content-type": kind}), "hook:kuma", NOW)


def test_what_cannot_be_used() -> None:
    for value in ({}, {"heartbeat": None}, beat(9), beat(True), [], None, {"msg": " "}):
        parsed = parse(value)
        assert (parsed.events, len(parsed.rejected)) == ([], 1)
