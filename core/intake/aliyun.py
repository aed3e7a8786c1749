"""Aliyun CloudMonitor: POST /hooks/aliyun/{name}.

Three forms: threshold alerts as a form (in UTF-8, older senders in GBK), system events as JSON, and
what an event subscription pushes (`{"alert": {…}}`, as JSON or as a form). `signature` is of no
use: how it is made is not published.
Source: help.aliyun.com/zh/cms, "使用阈值报警回调", "使用系统事件报警回调", "系统事件概览".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from core.decide.fingerprint import fingerprint
from core.errors import InvalidInput
from core.intake.given import CHINA, Given, in_words, labels_of, notes_of, plain
from core.intake.normalise import (
    MAX_NOTE,
    MAX_WORD,
    MOMENTARY,
    Unusable,
    as_object,
    load,
    past,
    sort_out,
)
from core.intake.parsed import Parsed
from core.intake.request import MAX_FIELDS
from core.model.event import Event

_FIRING = frozenset({"ALERT", "ALARM", "INSUFFICIENT_DATA", "TRIGGERED", ""})
_RESOLVED = frozenset({"OK", "RESOLVED"})
# How system events go on: `Instance:SystemFailure.Reboot:Executing`, `Agent_Status_Stopped`, or by
# their status alone.
_BEGINS = frozenset(
    {"executing", "scheduled", "inquiring", "failed", "start", "started", "begin", "stopped"}
)
_ENDS = frozenset(
    {"executed", "avoided", "canceled", "cancelled", "end", "ended", "finish", "finished",
     "running", "recovered", "success"}
)  # fmt: skip
_STEP = re.compile(r"(?P<base>.+)[:_](?P<step>[A-Za-z]+)")
# `{userId=12…, instanceId=i-bp1…}`, as Java writes a map.
_PAIR = re.compile(r",\s*(?=[\w.-]+=)")
_KNOWN = frozenset({"userId", "instanceId", "regionId"})  # dimensions with labels of their own


def parse(body: bytes, source: str, now: datetime) -> Parsed:
    """The one alert of a body. InvalidInput when it is neither JSON nor a form."""
    value = load(body) if body.lstrip()[:1] in b"{[" else _form(body)
    return sort_out([("body", value)], lambda v, path: _event(v, path, source, now))


def _event(value: Any, path: str, source: str, now: datetime) -> Event:
    given = Given(as_object(value, path))
    if alert := given.under("alert"):
        about = alert.under("meta").under("sysEventMeta")
        return _system_event(alert, about, given.text("severity"), path, source, now)
    if "alertName" in given or "alertState" in given:
        return _threshold(given, path, source, now)
    if "name" in given and ("product" in given or "resourceId" in given):
        return _system_event(given, given, "", path, source, now)
    raise Unusable("missing", f"{path}.alertName", "is required, or the name of a system event")


# Threshold alerts


def _threshold(given: Given, path: str, source: str, now: datetime) -> Event:
    name = given.text("alertName", "metricName", "rawMetricName", limit=MAX_WORD)
    if not name:
        raise Unusable("missing", f"{path}.alertName", "is required")
    resolved = _is_over(given.text("alertState"), f"{path}.alertState")
    at = past(given.moment("timestamp", zone=CHINA), now)
    dimensions = _dimensions(given)
    metric = given.text("metricName", "rawMetricName")
    instance = given.text("instanceName") or dimensions.get("instanceId", "")
    level = given.text("preTriggerLevel" if resolved else "triggerLevel") or "WARN"
    value, condition = given.text("curValue"), given.text("expression")
    return Event(
        source=source,
        occurred_at=at or now if resolved else now,
        labels=labels_of(
            {
                "alertname": name,
                "instance": instance,
                "severity": level,
                "namespace": given.text("namespace", "metricProject"),
                "metric": metric,
                "instance_id": dimensions.get("instanceId", ""),
                "region": given.text("regionId") or dimensions.get("regionId", ""),
                "account": given.text("userId") or dimensions.get("userId", ""),
                "rule_id": given.text("ruleId"),
            },
            ((n, t) for n, t in dimensions.items() if n not in _KNOWN),
        ),
        annotations=notes_of(
            summary=in_words(f"{instance}:" if instance else "", name, value),
            value=value,
            condition=condition,
            duration=given.text("lastTime"),
            state=given.text("alertState"),
            instance=given.text("instanceInfo"),
        ),
        status="resolved" if resolved else "firing",
        # One rule watches one metric of many instances; its level may change meanwhile.
        fingerprint=fingerprint(
            "aliyun", given.text("ruleId") or name, metric, *_sorted(dimensions, instance)
        ),
        starts_at=None if resolved else at,
        ends_at=at if resolved else None,
    )


def _dimensions(given: Given) -> dict[str, str]:
    """What the metric belongs to; as JSON, as JSON in a list of one, or as Java's text."""
    for name in ("dimensions", "dimensionsOriginal"):
        text = given.text(name)
        found = given.under(name) or next(iter(given.entries(name)), Given(None))
        pairs = dict(found.texts()) or dict(_java_map(text))
        if pairs:
            return pairs
    return {"instanceId": text} if (text := given.text("instanceId")) else {}


def _java_map(text: str) -> Iterator[tuple[str, str]]:
    for pair in _PAIR.split(text.strip("{}[] ")):
        name, _, value = pair.partition("=")
        if value := plain(value):
            yield name.strip(), value


def _sorted(dimensions: dict[str, str], otherwise: str) -> list[str]:
    return [f"{n}={t}" for n, t in sorted(dimensions.items())] or [otherwise]


# System events


def _system_event(
    given: Given, about: Given, level: str, path: str, source: str, now: datetime
) -> Event:
    """given: the event; about, level: what a subscription tells of it, or the event itself."""
    name = given.text("eventName", "name", limit=MAX_WORD) or about.text(
        "name", "eventNameEn", "eventNameZh", limit=MAX_WORD
    )
    if not name:
        raise Unusable("missing", f"{path}.name", "is required")
    base, step = _step(name, about.text("status"))
    if _is_over(given.text("alertStatus"), f"{path}.alertStatus"):
        step = "ends"
    content = given.under("content", "eventContentMap", "eventRawContent")
    product = about.text("product") or given.text("product")
    resource = (
        about.text("resourceId")
        or given.text("arn")
        or content.text("instanceId", "resourceId", "diskId")
    )
    instance = about.text("instanceName") or resource.rpartition("/")[2]
    at = past(
        about.moment("eventTime", zone=CHINA) or given.moment("timestamp", "time", zone=CHINA), now
    )
    ends = step == "ends"
    return Event(
        source=source,
        occurred_at=at or now if ends else now,
        labels=labels_of(
            {
                "alertname": name,
                "instance": instance,
                "severity": about.text("level") or given.text("severity") or level or "INFO",
                "product": product,
                "resource": resource,
                "region": about.text("regionId"),
                "account": given.text("userId") or about.text("userId"),
            }
        ),
        annotations=notes_of(
            summary=in_words(f"{instance}:", about.text("eventNameZh", "nameZh") or name),
            state=about.text("status"),
            event_id=content.text("eventId", "bizEventId") or about.text("id"),
            description=in_words(*(f"{n}={t}" for n, t in content.texts()))[:MAX_NOTE],
        ),
        status="resolved" if ends else "firing",
        fingerprint=fingerprint("aliyun", "event", product, resource or source, base),
        starts_at=None if ends else at,
        ends_at=at if ends else now + MOMENTARY if step == "happens" else None,
    )


def _step(name: str, status: str) -> tuple[str, Literal["begins", "ends", "happens"]]:
    """An event's name without how far it is, and whether that is its beginning or its end."""
    found = _STEP.fullmatch(name)
    for base, word in ((found["base"], found["step"]) if found else (name, ""), (name, status)):
        if word.lower() in _BEGINS:
            return base, "begins"
        if word.lower() in _ENDS:
            return base, "ends"
    return name, "happens"


def _is_over(state: str, path: str) -> bool:
    if state.upper() in _RESOLVED:
        return True
    if state.upper() in _FIRING:
        return False
    raise Unusable("bad_value", path, f"must be ALERT, OK or INSUFFICIENT_DATA, not {state[:60]!r}")


# Forms


def _form(body: bytes) -> dict[str, Any]:
    """The fields of a form, the first of several of one name."""
    try:
        pairs = parse_qsl(body.decode("latin-1"), encoding="latin-1", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidInput(f"the form has more than {MAX_FIELDS} fields") from None
    if not pairs:
        raise InvalidInput("the body is neither a form nor JSON")
    return {_decoded(name): _decoded(text) for name, text in reversed(pairs)}


def _decoded(text: str) -> str:
    raw = text.encode("latin-1")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
