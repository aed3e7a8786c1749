"""Tencent Cloud Observability's callback: POST /hooks/tencent/{name}.

Metric alarms with their recovery, event alarms, and the CloudEvents-like form of Anti-DDoS. Numbers
and texts stand for each other (`alarmStatus`, `durationTime`); times are UTC+8 and do not say so.
Source: cloud.tencent.com/document/product/248/50409, product/1359 "事件告警回调".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.decide.fingerprint import fingerprint
from core.intake.given import CHINA, Given, in_words, labels_of, notes_of
from core.intake.normalise import (
    MAX_WORD,
    MOMENTARY,
    Unusable,
    as_object,
    load,
    past,
    sort_out,
)
from core.intake.parsed import Parsed
from core.model.event import Event

_ENDED, _FIRING, _STATELESS = "0", "1", "-"
_INSTANCE = ("unInstanceId", "instanceId", "InstanceId", "objId", "objName")


def parse(body: bytes, source: str, now: datetime) -> Parsed:
    """The one alarm of a body. InvalidInput when it is not JSON."""
    return sort_out([("body", load(body))], lambda v, path: _event(v, path, source, now))


def _event(value: Any, path: str, source: str, now: datetime) -> Event:
    given = Given(as_object(value, path))
    if "specversion" in given:
        return _cloud_event(given, path, source, now)
    policy, about = given.under("alarmPolicyInfo"), given.under("alarmObjInfo")
    conditions, dimensions = policy.under("conditions"), about.under("dimensions")
    event = conditions.text("eventName", limit=MAX_WORD)
    metric = conditions.text("metricName", limit=MAX_WORD)
    name = event or policy.text("policyName", limit=MAX_WORD) or metric
    if not name:
        raise Unusable("missing", f"{path}.alarmPolicyInfo.policyName", "is required")
    state = _state(given, "alarmStatus", path)
    instance_id = dimensions.text(*_INSTANCE)
    instance = dimensions.text("deviceName", "DeviceName", "objName") or instance_id
    ended = past(given.moment("recoverTime", zone=CHINA), now) if state == _ENDED else None
    value_now = in_words(conditions.text("currentValue"), conditions.text("unit", "calcUnit"))
    shown = conditions.text("metricShowName", "eventShowName") or metric or event
    more = in_words(*(_pair(one) for one in given.entries("additionalMsg")))
    return Event(
        source=source,
        occurred_at=ended or now,
        labels=labels_of(
            {
                "alertname": name,
                "instance": instance,
                "severity": given.text("alarmLevel") or policy.text("alarmLevel") or "warning",
                "instance_id": instance_id,
                "metric": metric,
                "product": about.text("namespace") or conditions.text("productName"),
                "policy": policy.text("policyName"),
                "policy_type": policy.text("policyType"),
                "region": about.text("region"),
                "account": about.text("appId"),
            },
            ((n, t) for n, t in dimensions.texts() if n not in _INSTANCE),
        ),
        annotations=notes_of(
            summary=in_words(f"{instance}:" if instance else "", shown, value_now),
            value=value_now,
            condition=in_words(
                shown,
                conditions.text("calcType"),
                conditions.text("calcValue"),
                conditions.text("calcUnit"),
            )
            if metric
            else "",
            description=about.text("content") or more,
            session=given.text("sessionId", "alertId"),
        ),
        status="resolved" if state == _ENDED else "firing",
        fingerprint=_identity(given, about, policy, instance_id, event, metric),
        starts_at=past(given.moment("firstOccurTime", zone=CHINA), now),
        ends_at=now + MOMENTARY if state == _STATELESS else ended,
    )


def _identity(
    given: Given, about: Given, policy: Given, instance_id: str, event: str, metric: str
) -> str:
    """A session is one metric alarm from its beginning to its end; of events it is each message."""
    if event:
        product = policy.under("conditions").text("productName")
        where = about.text("region"), about.text("appId"), instance_id
        return fingerprint("tencent", "event", product, event, *where)
    if session := given.text("sessionId", "alertId"):
        return fingerprint("tencent", session)
    dimensions = sorted(about.under("dimensions").texts())
    parts = policy.text("policyId", "policyName"), metric, about.text("region")
    return fingerprint("tencent", "metric", *parts, *(f"{n}={t}" for n, t in dimensions))


def _cloud_event(given: Given, path: str, source: str, now: datetime) -> Event:
    """`type` is `antiddos:ErrorEvent:DDoSAlarm`, `subject` the resource."""
    kind, subject = given.text("type", limit=MAX_WORD), given.text("subject")
    if not kind:
        raise Unusable("missing", f"{path}.type", "is required")
    state = _state(given, "status", path)
    data, at = given.under("data"), past(given.moment("time", zone=CHINA), now)
    name = kind.rpartition(":")[2] or kind
    return Event(
        source=source,
        occurred_at=at or now if state == _ENDED else now,
        labels=labels_of(
            {
                "alertname": name,
                "instance": subject,
                "severity": "warning",
                "instance_id": data.text(*_INSTANCE),
                "product": given.text("source").removesuffix(".cloud.tencent"),
                "region": given.text("region", "Region"),
                "account": data.text("appId", "Appid", "uin", "Uin"),
            }
        ),
        annotations=notes_of(
            summary=in_words(f"{subject}:" if subject else "", name),
            description=in_words(*(f"{n}={t}" for n, t in data.texts())),
        ),
        status="resolved" if state == _ENDED else "firing",
        fingerprint=fingerprint("tencent", "event", kind, subject or data.text(*_INSTANCE)),
        starts_at=None if state == _ENDED else at,
        ends_at=at if state == _ENDED else now + MOMENTARY if state == _STATELESS else None,
    )


def _state(given: Given, name: str, path: str) -> str:
    state = given.text(name) or _FIRING
    if state not in (_ENDED, _FIRING, _STATELESS):
        raise Unusable("bad_value", f"{path}.{name}", "must be 1 (alarm), 0 (over) or - (no state)")
    return state


def _pair(one: Given) -> str:
    name, text = one.text("key", "Key"), one.text("value", "Value")
    return f"{name}={text}" if name and text else ""
