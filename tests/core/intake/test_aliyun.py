"""Aliyun CloudMonitor: forms and JSON, and which events come of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from core.errors import InvalidInput
from core.intake import aliyun
from core.intake.normalise import MOMENTARY
from core.intake.parsed import Parsed
from core.model.event import Event

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = datetime(2026, 6, 1, 11, 30, tzinfo=UTC)
THRESHOLD: dict[str, str] = {
    "alertName": "ECS 内存使用率",
    "alertState": "ALERT",
    "curValue": "97.39",
    "dimensions": "{userId=1200, instanceId=i-bp1, device=/dev/vda1}",
    "expression": "$Average>=95",
    "instanceName": "web-01",
    "lastTime": "5分钟",
    "metricName": "Host.mem.usedutilization",
    "metricProject": "acs_ecs",
    "namespace": "acs_ecs_dashboard",
    "preTriggerLevel": "null",
    "triggerLevel": "CRITICAL",
    "ruleId": "rule-1",
    "regionId": "cn-hangzhou",
    "signature": "eA==",
    "timestamp": "1780313400000",
    "userId": "1200",
}
SYSTEM: dict[str, Any] = {
    "ver": "1.0",
    "id": "2534b5b3",
    "product": "ECS",
    "resourceId": "acs:ecs:cn-hangzhou:1200:instance/i-bp1",
    "instanceName": "web-01",
    "level": "CRITICAL",
    "name": "Instance:SystemFailure.Reboot:Executing",
    "eventTime": "20260601T193000.000+0800",
    "regionId": "cn-hangzhou",
    "status": "Executing",
    "userId": "1200",
    "content": {"instanceId": "i-bp1", "eventId": "e-1", "impact": {"kind": "reboot"}},
}
PUSHED: dict[str, Any] = {
    "userInfo": {"aliyunId": "t"},
    "subscription": {"subscriptionUuid": "s"},
    "batchId": "b",
    "alert": {
        "alertStatus": "TRIGGERED",
        "source": "SYS_EVENT",
        "eventContentMap": {"vmName": "i-bp1", "bizEventId": "e-9"},
        "dedupId": "d",
        "eventName": "CloudAssistant:FirstHeartbeat",
        "arn": "acs:ecs:cn-hangzhou:1200:instance/i-bp1",
        "timestamp": 1780313400000,
        "severity": "INFO",
        "product": "ECS",
        "userId": "1200",
        "meta": {
            "sysEventMeta": {
                "regionId": "cn-hangzhou",
                "resourceId": "acs:ecs:cn-hangzhou:1200:instance/i-bp1",
                "instanceName": "web-01",
                "level": "INFO",
                "eventTime": "20260601T193000.000+0800",
                "name": "CloudAssistant:FirstHeartbeat",
                "eventNameZh": "云助手首次心跳",
                "status": "Normal",
            }
        },
    },
    "severity": "INFO",
    "time": 1780313400000,
}


def parse(body: bytes) -> Parsed:
    return aliyun.parse(body, "hook:ali", NOW)


def form(**changes: Any) -> Event:
    fields = {k: v for k, v in {**THRESHOLD, **changes}.items() if v is not None}
    (event,) = parse(urlencode(fields).encode()).events
    return event


def system(**changes: Any) -> Event:
    (event,) = parse(json.dumps({**SYSTEM, **changes}).encode()).events
    return event


def test_a_threshold_alert() -> None:
    event = form()
    assert event.labels == {
        "alertname": "ECS 内存使用率",
        "instance": "web-01",
        "severity": "CRITICAL",
        "namespace": "acs_ecs_dashboard",
        "metric": "Host.mem.usedutilization",
        "instance_id": "i-bp1",
        "region": "cn-hangzhou",
        "account": "1200",
        "rule_id": "rule-1",
        "device": "/dev/vda1",
    }
    assert event.annotations == {
        "summary": "web-01: ECS 内存使用率 97.39",
        "value": "97.39",
        "condition": "$Average>=95",
        "duration": "5分钟",
        "state": "ALERT",
    }
    assert (event.status, event.occurred_at, event.starts_at) == ("firing", NOW, AT)


def test_its_end_meets_it_whatever_the_level() -> None:
    ended = form(alertState="OK", triggerLevel="null", preTriggerLevel="CRITICAL", curValue="31")
    assert ended.fingerprint == form().fingerprint
    assert (ended.status, ended.ends_at, ended.labels["severity"]) == ("resolved", AT, "CRITICAL")
    assert form(triggerLevel="WARN").fingerprint == form().fingerprint
    assert form(instanceName="renamed").fingerprint == form().fingerprint


def test_another_instance_of_a_rule_is_another_alert() -> None:
    assert form(dimensions="{userId=1200, instanceId=i-2}").fingerprint != form().fingerprint


@pytest.mark.parametrize(
    "dimensions",
    [
        '{"device":"/dev/vda1","instanceId":"i-bp1","userId":1200}',
        '[{"userId":"1200","instanceId":"i-bp1","device":"/dev/vda1"}]',
        "{device=/dev/vda1,instanceId=i-bp1,  userId=1200}",
    ],
)
def test_dimensions_are_the_same_however_they_are_written(dimensions: str) -> None:
    assert form(dimensions=dimensions).fingerprint == form().fingerprint


def test_no_data_is_an_alert() -> None:
    event = form(alertState="INSUFFICIENT_DATA", triggerLevel="null")
    assert (event.status, event.labels["severity"]) == ("firing", "WARN")
    assert event.annotations["state"] == "INSUFFICIENT_DATA"


def test_a_form_in_gbk() -> None:
    body = "&".join(f"{k}={quote(v.encode('gbk'))}" for k, v in THRESHOLD.items()).encode()
    assert parse(body).events[0] == form()
    raw = "alertName=内存使用率&alertState=ALERT".encode("gb18030")
    assert parse(raw).events[0].labels["alertname"] == "内存使用率"


def test_the_first_of_several_fields_counts_and_json_is_taken_too() -> None:
    body = urlencode(THRESHOLD).encode() + b"&alertState=OK&alertName=Other"
    assert parse(body).events[0] == form()
    assert parse(json.dumps({**THRESHOLD, "timestamp": 1780313400000}).encode()).events[0] == form()
    seconds = form(timestamp="1780313400")
    assert seconds.starts_at == AT


def test_a_bare_alert() -> None:
    (event,) = parse(b"alertName=Disk").events
    assert event.labels == {"alertname": "Disk", "severity": "WARN"}
    assert (event.status, event.starts_at) == ("firing", None)


def test_a_system_event_and_its_end() -> None:
    begun = system()
    assert begun.labels == {
        "alertname": "Instance:SystemFailure.Reboot:Executing",
        "instance": "web-01",
        "severity": "CRITICAL",
        "product": "ECS",
        "resource": "acs:ecs:cn-hangzhou:1200:instance/i-bp1",
        "region": "cn-hangzhou",
        "account": "1200",
    }
    assert begun.annotations == {
        "summary": "web-01: Instance:SystemFailure.Reboot:Executing",
        "state": "Executing",
        "event_id": "e-1",
        "description": "instanceId=i-bp1 eventId=e-1 kind=reboot",
    }
    assert (begun.status, begun.starts_at, begun.ends_at) == ("firing", AT, None)
    over = system(name="Instance:SystemFailure.Reboot:Executed", status="Executed")
    assert (over.status, over.ends_at, over.fingerprint) == ("resolved", AT, begun.fingerprint)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (("Agent_Status_Stopped", "stopped"), ("Agent_Status_Running", "running")),
        (("Disk:Stalled", "Executing"), ("Disk:Stalled", "Executed")),
        (("X.Maintenance:Scheduled", "Scheduled"), ("X.Maintenance:Canceled", "Canceled")),
        (("AUTOSCALING:SCALE_IN_START", "Normal"), ("AUTOSCALING:SCALE_IN_SUCCESS", "Normal")),
    ],
)
def test_events_that_go_on_have_an_end(first: tuple[str, str], last: tuple[str, str]) -> None:
    begun, over = (system(name=name, status=status) for name, status in (first, last))
    assert (begun.status, begun.ends_at) == ("firing", None)
    assert (over.status, over.fingerprint) == ("resolved", begun.fingerprint)


def test_an_event_that_only_happens_ends_by_itself() -> None:
    event = system(name="Instance:StateChange", status="Normal", level="INFO", content=None)
    assert (event.status, event.ends_at) == ("firing", NOW + MOMENTARY)


def test_what_a_subscription_pushes() -> None:
    (event,) = parse(json.dumps(PUSHED).encode()).events
    assert event.labels["alertname"] == "CloudAssistant:FirstHeartbeat"
    assert event.labels["instance"] == "web-01"
    assert event.annotations["summary"] == "web-01: 云助手首次心跳"
    assert (event.starts_at, event.ends_at) == (AT, NOW + MOMENTARY)
    done = {**PUSHED, "alert": {**PUSHED["alert"], "alertStatus": "RESOLVED"}}
    (over,) = parse(json.dumps(done).encode()).events
    assert (over.status, over.fingerprint) == ("resolved", event.fingerprint)
    fields = {k: v if isinstance(v, str) else json.dumps(v) for k, v in PUSHED.items()}
    assert parse(urlencode(fields).encode()).events == [event]


def test_a_push_that_tells_only_the_chinese_name_and_a_local_time() -> None:
    meta = {"eventNameZh": "实例状态改变", "resourceId": "i-1", "eventTime": "2026-06-01 19:30:00"}
    alert = {"alertStatus": "TRIGGERED", "dedupId": "d", "meta": {"sysEventMeta": meta}}
    (event,) = parse(json.dumps({"severity": "CRITICAL", "alert": alert}).encode()).events
    assert event.labels["alertname"] == "实例状态改变"
    assert (event.labels["instance"], event.labels["severity"]) == ("i-1", "CRITICAL")
    assert event.starts_at == AT


def test_times_in_the_future_are_now_and_zero_times_are_not_given() -> None:
    assert form(timestamp=str(int((NOW + timedelta(hours=2)).timestamp()))).starts_at == NOW
    for zero in ("0", "", "null", "0001-01-01T00:00:00Z", "x"):
        assert form(timestamp=zero).starts_at is None
    local = form(timestamp="2026-06-01 19:30:00")
    assert local.starts_at == AT


def test_what_cannot_be_used() -> None:
    for body in (b"alertName=A&alertState=MAYBE", b"a=1", b"{}", b'{"alert": {"x": 1}}', b"[]"):
        parsed = parse(body)
        assert (parsed.events, len(parsed.rejected)) == ([], 1), body
    for body in (b"", b"&", b"no form", b"{", b"a=1&" * 2000):
        with pytest.raises(InvalidInput):
            parse(body)
