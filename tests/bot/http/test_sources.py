"""Every platform through its hook: what begins and what ends are one alert that resolves."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.bot.http.conftest import Open
from tests.bot.http.house import House

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
SOURCES = ("grafana", "zabbix", "aliyun", "tencent", "aws", "uptime-kuma")
HOOKS = [{"name": "main", "source": s, "auth": {"bearer": "hook-token"}} for s in SOURCES]


def grafana(status: str) -> dict[str, Any]:
    alert = {
        "status": status,
        "labels": {"alertname": "HighMemory", "severity": "critical"},
        "startsAt": "2026-01-01T08:00:00+08:00",
        "endsAt": "2026-01-01T09:00:00+08:00" if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": "c6eadffa33fcdf37",
        "values": None,
    }
    return {"status": status, "alerts": [alert], "truncatedAlerts": 0}


def zabbix(value: str) -> dict[str, Any]:
    over = value == "0"
    return {
        "event_id": "77",
        "event_value": value,
        "event_nseverity": "5",
        "event_name": "Disk full",
        "host_name": "db-01",
        "event_date": "2026.01.01",
        "event_time": "08:00:00",
        "event_recovery_date": "2026.01.01" if over else "{EVENT.RECOVERY.DATE}",
        "event_recovery_time": "09:00:00" if over else "{EVENT.RECOVERY.TIME}",
    }


def aliyun(state: str) -> dict[str, str]:
    return {
        "alertName": "内存使用率",
        "alertState": state,
        "dimensions": "{userId=1, instanceId=i-1}",
        "triggerLevel": "CRITICAL" if state == "ALERT" else "null",
        "preTriggerLevel": "null" if state == "ALERT" else "CRITICAL",
        "ruleId": "r-1",
        "timestamp": "1767225600000",
    }


def system(step: str) -> dict[str, Any]:
    return {
        "product": "ECS",
        "resourceId": "acs:ecs:cn-hangzhou:1:instance/i-1",
        "level": "CRITICAL",
        "name": f"Instance:SystemFailure.Reboot:{step}",
        "eventTime": "20260101T080000.000+0800",
        "status": step,
    }


def tencent(status: Any) -> dict[str, Any]:
    return {
        "sessionId": "s-1",
        "alarmStatus": status,
        "alarmType": "metric",
        "alarmObjInfo": {"dimensions": {"unInstanceId": "ins-1"}},
        "alarmPolicyInfo": {"policyName": "cpu", "conditions": {"metricName": "cpu_usage"}},
        "firstOccurTime": "2026-01-01 08:00:00",
        "recoverTime": "0" if status == "1" else "2026-01-01 09:00:00",
    }


def aws(state: str) -> dict[str, Any]:
    alarm = {"AlarmName": "5xx", "NewStateValue": state, "StateChangeTime": None, "Trigger": None}
    topic = "arn:aws:sns:us-east-1:123456789012:ops"
    return {"Type": "Notification", "TopicArn": topic, "Message": json.dumps(alarm)}


def kuma(status: int) -> dict[str, Any]:
    return {
        "heartbeat": {"monitorID": 1, "status": status, "time": "2026-01-01 00:00:00.1"},
        "monitor": {"id": 1, "name": "pay-api", "url": "https://pay.example.com"},
        "msg": "",
    }


CASES: list[tuple[str, str, Any, Any, str, str]] = [
    ("grafana", JSON, grafana("firing"), grafana("resolved"), "HighMemory", "critical"),
    ("zabbix", JSON, zabbix("1"), zabbix("0"), "Disk full", "critical"),
    ("aliyun", FORM, aliyun("ALERT"), aliyun("OK"), "内存使用率", "critical"),
    ("aliyun", JSON, system("Executing"), system("Executed"),
     "Instance:SystemFailure.Reboot:Executing", "critical"),
    ("tencent", JSON, tencent("1"), tencent(0), "cpu", "warning"),
    ("aws", "text/plain; charset=UTF-8", aws("ALARM"), aws("OK"), "5xx", "warning"),
    ("uptime-kuma", JSON, kuma(0), kuma(1), "pay-api", "critical"),
]  # fmt: skip


async def send(house: House, source: str, kind: str, payload: Any) -> tuple[int, Any]:
    body = urlencode(payload).encode() if kind == FORM else json.dumps(payload).encode()
    headers = {"Authorization": "Bearer hook-token", "Content-Type": kind}
    return await house.call("POST", f"/hooks/{source}/main", "", data=body, headers=headers)


@pytest.mark.parametrize(("source", "kind", "fired", "ended", "name", "severity"), CASES)
async def test_firing_then_resolved_is_one_alert(
    opened: Open, source: str, kind: str, fired: Any, ended: Any, name: str, severity: str
) -> None:
    async with opened(hooks=HOOKS) as house:
        for payload, status, count in ((fired, "firing", 1), (fired, "firing", 2),
                                       (ended, "resolved", 2)):  # fmt: skip
            assert await send(house, source, kind, payload) == (202, {"accepted": 1})
            await house.loop.settled()
            (alert,) = (await house.get("/api/v1/alerts"))["items"]
            assert (alert["status"], alert["count"]) == (status, count)
            assert alert["labels"]["alertname"] == name
            assert (alert["severity"], alert["source"]) == (severity, "hook:main")
        (incident,) = (await house.get("/api/v1/incidents"))["items"]
        assert incident["alert_count"] == 1


async def test_a_local_time_without_a_zone_is_in_the_settings_zone(opened: Open) -> None:
    async with opened(hooks=HOOKS, timezone="Asia/Shanghai") as house:
        await send(house, "zabbix", JSON, zabbix("1"))
        await house.loop.settled()
        (alert,) = (await house.get("/api/v1/alerts"))["items"]
        assert alert["starts_at"] == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("source", SOURCES)
async def test_what_cannot_be_used_is_kept_and_comes_again_when_it_can(
    opened: Open, source: str
) -> None:
    async with opened(hooks=HOOKS) as house:
        assert (await send(house, source, JSON, {"alerts": [{"labels": 7}]}))[0] == 422
        (kept,) = (await house.get("/api/v1/events/rejected"))["items"]
        assert (kept["adapter"], kept["source"]) == (source, "hook:main")
        assert kept["detail"]
        replay = f"/api/v1/events/rejected/{kept['id']}/replay"
        assert (await house.call("POST", replay))[0] == 422
        broken = await house.call(
            "POST", f"/hooks/{source}/main", "", data=b"{",
            headers={"Authorization": "Bearer hook-token", "Content-Type": JSON},
        )  # fmt: skip
        assert broken[0] == 400


async def test_the_form_of_uptime_kuma(opened: Open) -> None:
    body = (
        '--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
        f"{json.dumps(kuma(0))}\r\n--b--\r\n"
    ).encode()
    headers = {
        "Authorization": "Bearer hook-token",
        "Content-Type": "multipart/form-data; boundary=b",
    }
    async with opened(hooks=HOOKS) as house:
        path = "/hooks/uptime-kuma/main"
        answer = await house.call("POST", path, "", data=body, headers=headers)
        assert answer == (202, {"accepted": 1})
        wrong = await house.call("POST", path, "", data=b"--b--", headers=headers)
        assert wrong[0] == 422
