"""Tencent Cloud's callbacks: what they send, and which events come of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from core.intake import tencent
from core.intake.normalise import MOMENTARY
from core.intake.parsed import Parsed
from core.model.event import Event

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = datetime(2026, 6, 1, 11, 30, tzinfo=UTC)
OVER = datetime(2026, 6, 1, 11, 45, tzinfo=UTC)
METRIC: dict[str, Any] = {
    "sessionId": "s-1",
    "alarmStatus": "1",
    "alarmType": "metric",
    "alarmObjInfo": {
        "region": "gz",
        "namespace": "qce/cvm",
        "appId": "1250",
        "dimensions": {
            "unInstanceId": "ins-1",
            "deviceName": "app-01",
            "objId": "0-2",
            "objName": "10.0.0.34#1",
        },
    },
    "alarmPolicyInfo": {
        "policyId": "policy-1",
        "policyType": "cvm_device",
        "policyName": "CPU 过高",
        "conditions": {
            "metricName": "cpu_usage",
            "metricShowName": "CPU 利用率",
            "calcType": ">",
            "calcValue": 90,
            "calcUnit": "%",
            "currentValue": "98.7",
            "unit": "%",
        },
    },
    "firstOccurTime": "2026-06-01 19:30:00",
    "durationTime": 300,
    "recoverTime": "0",
}
RECOVERED = {**METRIC, "alarmStatus": 0, "recoverTime": "2026-06-01 19:45:00"}
PING: dict[str, Any] = {
    "sessionId": "event-1",
    "alarmStatus": "1",
    "alarmType": "event",
    "alarmObjInfo": {
        "region": "gz",
        "dimensions": {"unInstanceId": "ins-1", "objDetail": {"deviceLanIp": "172.19.0.1"}},
    },
    "alarmPolicyInfo": {
        "policyName": "系统事件",
        "conditions": {
            "productName": "cvm",
            "eventName": "ping_unreachable",
            "eventShowName": "ping不可达",
            "alarmNotifyType": "",
        },
    },
    "additionalMsg": [{"key": "alias", "value": "app-01"}, {"Key": "ip", "Value": 7}, None],
    "firstOccurTime": "2026-06-01 19:30:00",
    "durationTime": 0,
    "recoverTime": "0",
}
DDOS: dict[str, Any] = {
    "id": "x1",
    "type": "antiddos:ErrorEvent:DDoSAlarm",
    "specversion": "1.0",
    "source": "antiddos.cloud.tencent",
    "subject": "203.0.113.9",
    "time": 1780313400000,
    "Region": "ap-beijing",
    "status": "1",
    "tags": None,
    "data": {"InstanceId": "ins-1", "Uin": 1000},
}


def parse(value: Any) -> Parsed:
    return tencent.parse(json.dumps(value).encode(), "hook:tx", NOW)


def one(value: Any) -> Event:
    (event,) = parse(value).events
    return event


def test_a_metric_alarm() -> None:
    event = one(METRIC)
    assert event.labels == {
        "alertname": "CPU 过高",
        "instance": "app-01",
        "severity": "warning",
        "instance_id": "ins-1",
        "metric": "cpu_usage",
        "product": "qce/cvm",
        "policy": "CPU 过高",
        "policy_type": "cvm_device",
        "region": "gz",
        "account": "1250",
        "deviceName": "app-01",
    }
    assert event.annotations == {
        "summary": "app-01: CPU 利用率 98.7 %",
        "value": "98.7 %",
        "condition": "CPU 利用率 > 90 %",
        "session": "s-1",
    }
    assert (event.status, event.starts_at, event.ends_at) == ("firing", AT, None)


def test_its_recovery_meets_it() -> None:
    event = one(RECOVERED)
    assert event.fingerprint == one(METRIC).fingerprint
    assert (event.status, event.occurred_at, event.ends_at) == ("resolved", OVER, OVER)


def test_without_a_session_the_policy_and_the_object_tell() -> None:
    def bare(value: dict[str, Any]) -> Event:
        return one({**value, "sessionId": None})

    assert bare(METRIC).fingerprint == bare(RECOVERED).fingerprint
    elsewhere = {"region": "gz", "dimensions": {"unInstanceId": "ins-2"}}
    assert bare({**METRIC, "alarmObjInfo": elsewhere}).fingerprint != bare(METRIC).fingerprint


def test_an_event_and_its_end_have_sessions_of_their_own() -> None:
    event = one(PING)
    assert event.labels["alertname"] == "ping_unreachable"
    assert event.labels["product"] == "cvm"
    assert event.labels["deviceLanIp"] == "172.19.0.1"
    assert event.annotations["summary"] == "ins-1: ping不可达"
    assert event.annotations["description"] == "alias=app-01 ip=7"
    over = one({**PING, "sessionId": "event-2", "alarmStatus": "0"})
    assert (over.status, over.fingerprint) == ("resolved", event.fingerprint)


def test_an_event_without_a_state_ends_by_itself() -> None:
    assert one({**PING, "alarmStatus": "-"}).ends_at == NOW + MOMENTARY


def test_anti_ddos() -> None:
    event = one(DDOS)
    assert event.labels == {
        "alertname": "DDoSAlarm",
        "instance": "203.0.113.9",
        "severity": "warning",
        "instance_id": "ins-1",
        "product": "antiddos",
        "region": "ap-beijing",
        "account": "1000",
    }
    assert event.starts_at == AT
    over = one({**DDOS, "id": "x2", "status": 0})
    assert (over.status, over.fingerprint) == ("resolved", event.fingerprint)


def test_little_is_enough() -> None:
    policy = {"policyName": "P", "conditions": None}
    event = one({"alarmPolicyInfo": policy, "firstOccurTime": "0", "recoverTime": None})
    assert event.labels == {"alertname": "P", "severity": "warning", "policy": "P"}
    assert (event.status, event.starts_at) == ("firing", None)


def test_what_cannot_be_used() -> None:
    for value in ({}, [], None, {**METRIC, "alarmStatus": "7"}, {"specversion": "1.0"}):
        parsed = parse(value)
        assert (parsed.events, len(parsed.rejected)) == ([], 1)
