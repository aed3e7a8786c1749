"""Zabbix by our media type: what the script sends, and which events come of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.intake import zabbix
from core.intake.normalise import MOMENTARY
from core.intake.parsed import Parsed
from core.model.event import Event

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PROBLEM: dict[str, Any] = {
    "event_source": "0",
    "event_id": "90210",
    "event_value": "1",
    "event_update_status": "0",
    "event_nseverity": "4",
    "event_severity": "严重",
    "event_name": "/data 可用空间低于 10%",
    "event_date": "2026.06.01",
    "event_time": "19:30:05",
    "event_timestamp": "{EVENT.TIMESTAMP}",
    "event_recovery_date": "{EVENT.RECOVERY.DATE}",
    "event_recovery_time": "{EVENT.RECOVERY.TIME}",
    "event_recovery_timestamp": "{EVENT.RECOVERY.TIMESTAMP}",
    "event_opdata": "97 of 100 GB",
    "event_tags": '[{"tag":"scope","value":"a"},{"tag":"scope","value":"b"},{"tag":"db"}]',
    "host_name": "db-01",
    "host_host": "db-01.prod",
    "host_ip": "10.0.3.11",
    "trigger_id": "19876",
    "alert_message": "Problem started",
    "event_update_user": "{USER.FULLNAME}",
    "event_update_action": "",
    "event_update_message": "",
    "zabbix_url": "https://zabbix.example.com/",
    "utc_offset": "480",
}
RECOVERY = {
    **PROBLEM,
    "event_value": "0",
    "event_recovery_date": "2026.06.01",
    "event_recovery_time": "19:45:10",
    "alert_message": "Problem is over",
}


def parse(value: Any) -> Parsed:
    return zabbix.parse(json.dumps(value).encode(), "hook:main", NOW)


def one(value: Any) -> Event:
    (event,) = parse(value).events
    return event


def test_a_problem() -> None:
    event = one(PROBLEM)
    assert event.labels == {
        "alertname": "/data 可用空间低于 10%",
        "host": "db-01",
        "ip": "10.0.3.11",
        "severity": "High",
        "trigger_id": "19876",
        "scope": "a,b",
        "db": "true",
    }
    assert event.annotations == {
        "summary": "db-01: /data 可用空间低于 10%",
        "description": "Problem started",
        "value": "97 of 100 GB",
        "event_id": "90210",
    }
    assert (event.status, event.occurred_at, event.ends_at) == ("firing", NOW, None)
    assert event.starts_at == datetime(2026, 6, 1, 11, 30, 5, tzinfo=UTC)
    assert event.links == {
        "zabbix": "https://zabbix.example.com/tr_events.php?triggerid=19876&eventid=90210"
    }


def test_its_recovery_meets_it() -> None:
    event = one(RECOVERY)
    assert event.fingerprint == one(PROBLEM).fingerprint
    ended = datetime(2026, 6, 1, 11, 45, 10, tzinfo=UTC)
    assert (event.status, event.occurred_at, event.ends_at) == ("resolved", ended, ended)


def test_an_update_tells_who_did_what_and_the_alert_goes_on() -> None:
    update = {
        **PROBLEM,
        "event_update_status": 1,
        "event_update_user": "李伟",
        "event_update_action": "acknowledged",
        "event_update_message": "在看",
    }
    event = one(update)
    assert event.fingerprint == one(PROBLEM).fingerprint
    assert (event.status, event.annotations["update"]) == ("firing", "李伟 acknowledged 在看")
    # Of a problem that is over, it tells the recovery.
    late = {**RECOVERY, "event_value": "1", "event_update_status": "1"}
    assert one(late).status == "resolved"


def test_each_problem_of_a_trigger_is_an_alert_and_each_server_counts_its_own() -> None:
    other = one({**PROBLEM, "event_id": 90211})
    assert other.fingerprint != one(PROBLEM).fingerprint
    (elsewhere,) = zabbix.parse(json.dumps(PROBLEM).encode(), "hook:second", NOW).events
    assert elsewhere.fingerprint != one(PROBLEM).fingerprint


@pytest.mark.parametrize("gone", [None, "", "{EVENT.ID}", "*UNKNOWN*"])
def test_without_an_event_id_the_trigger_tells(gone: Any) -> None:
    fired, ended = one({**PROBLEM, "event_id": gone}), one({**RECOVERY, "event_id": gone})
    assert fired.fingerprint == ended.fingerprint
    assert "event_id" not in fired.annotations


def test_numbers_and_texts_stand_for_each_other() -> None:
    numbers = {
        **PROBLEM,
        "event_id": 90210,
        "event_value": 0,
        "event_nseverity": 5,
        "event_tags": [{"tag": "scope", "value": 3}, {"value": "x"}, "odd", None],
        "utc_offset": 480,
        "event_timestamp": 1780313405,
    }
    event = one(numbers)
    assert event.fingerprint == one(PROBLEM).fingerprint
    assert (event.status, event.labels["severity"], event.labels["scope"]) == (
        "resolved", "Disaster", "3",
    )  # fmt: skip
    assert event.starts_at == datetime(2026, 6, 1, 11, 30, 5, tzinfo=UTC)


def test_macros_that_were_not_resolved_are_not_given() -> None:
    bare = dict.fromkeys(PROBLEM, "{HOST.NAME}") | {"event_name": "Link down"}
    event = one(bare)
    assert event.labels == {"alertname": "Link down"}
    assert event.annotations == {"summary": "Link down"}
    assert (event.starts_at, event.links, event.status) == (None, {}, "firing")
    # Braces are no macro as such.
    assert one({"event_name": "{JSON} is broken"}).labels["alertname"] == "{JSON} is broken"


def test_the_time_zone_is_the_servers_own_or_the_settings() -> None:
    silent = {**PROBLEM, "utc_offset": "x"}
    for minutes in (0, 330):
        zone = timezone(timedelta(minutes=minutes))
        event = zabbix.parse(json.dumps(silent).encode(), "hook:main", NOW, zone).events[0]
        local = datetime(2026, 6, 1, 19, 30, 5, tzinfo=zone)
        assert event.starts_at == min(local, NOW)
    assert one({**PROBLEM, "utc_offset": "999999"}).starts_at == NOW


def test_what_never_recovers_ends_by_itself() -> None:
    found = one({"event_source": "1", "event_value": "1", "event_name": "Discovery: host up"})
    assert found.ends_at == NOW + MOMENTARY


def test_a_problem_without_a_name_is_rejected() -> None:
    for value in ({}, {"event_name": "{EVENT.NAME}"}, [], "x", None, 7):
        parsed = parse(value)
        assert (parsed.events, len(parsed.rejected)) == ([], 1)
