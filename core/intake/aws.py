"""AWS SNS, with CloudWatch alarms or any text: POST /hooks/aws/{name}.

A message is an envelope whose `Message` is text; CloudWatch and EventBridge write JSON into it.
With raw message delivery the body is that text alone, and nothing is signed.
Source: docs.aws.amazon.com/sns/latest/dg, "HTTP/HTTPS notification JSON format".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from core.decide.fingerprint import fingerprint, name_from_text
from core.intake.given import Given, in_words, labels_of, notes_of
from core.intake.normalise import (
    MAX_NOTE,
    MAX_WORD,
    MOMENTARY,
    Unusable,
    as_object,
    load,
    past,
    sort_out,
    web_links,
)
from core.intake.parsed import Parsed
from core.intake.request import HookRequest
from core.model.event import Event

RAW = "x-amz-sns-rawdelivery"
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_STATES = {"ALARM": "firing", "INSUFFICIENT_DATA": "firing", "OK": "resolved"}


def read(request: HookRequest, source: str, now: datetime) -> Parsed:
    """The one message of a request. InvalidInput when it cannot be read."""
    if request.headers.get(RAW) == "true" and not request.entry:
        topic = request.headers.get("x-amz-sns-topic-arn", "")
        text = request.body.decode("utf-8-sig", "replace")
        whole = {"Type": "Notification", "TopicArn": topic, "Message": text}
        return sort_out([("body", whole)], lambda v, path: _event(v, path, source, now))
    return parse(request.body, source, now)


def parse(body: bytes, source: str, now: datetime) -> Parsed:
    """The one message of an envelope. InvalidInput when it is not JSON."""
    return sort_out([("body", load(body))], lambda v, path: _event(v, path, source, now))


def _event(value: Any, path: str, source: str, now: datetime) -> Event:
    given = Given(as_object(value, path))
    kind = given.text("Type")
    if kind not in ("Notification", ""):
        raise Unusable("bad_value", f"{path}.Type", "must be Notification")
    # Who publishes through something else than SNS sends the alarm itself.
    said = given if "AlarmName" in given else given.under("Message")
    topic = given.text("TopicArn")
    if "AlarmName" in said:
        return _alarm(said, topic, path, source, now)
    text = given.text("Message", limit=MAX_NOTE)
    if not text and said:
        text = json.dumps(dict(said.texts()), ensure_ascii=False)[:MAX_NOTE]
    if not text:
        raise Unusable("missing", f"{path}.Message", "is required")
    subject = given.text("Subject", limit=MAX_WORD)
    at = past(given.moment("Timestamp"), now)
    return _text(said, subject, text, topic, at, source, now)


def _alarm(said: Given, topic: str, path: str, source: str, now: datetime) -> Event:
    """A CloudWatch alarm, of one metric, of an expression over several, or of other alarms."""
    name, state = said.text("AlarmName", limit=MAX_WORD), said.text("NewStateValue")
    if not name:
        raise Unusable("missing", f"{path}.AlarmName", "is required")
    if state.upper() not in _STATES:
        message = "must be ALARM, OK or INSUFFICIENT_DATA"
        raise Unusable("bad_value", f"{path}.NewStateValue", message)
    resolved = _STATES[state.upper()] == "resolved"
    arn, trigger = said.text("AlarmArn"), said.under("Trigger")
    # Region is a name for people (`US East (N. Virginia)`); the ARN has the one for programs.
    region = _of_arn(arn or topic, 3) or said.text("Region")
    account = said.text("AWSAccountId") or _of_arn(arn or topic, 4)
    at = past(said.moment("StateChangeTime"), now)
    reason = said.text("NewStateReason", limit=MAX_NOTE)
    return Event(
        source=source,
        occurred_at=at or now if resolved else now,
        labels=labels_of(
            {
                "alertname": name,
                "severity": "warning",
                "namespace": trigger.text("Namespace"),
                "metric": trigger.text("MetricName"),
                "region": region,
                "account": account,
                "topic": _of_arn(topic, 5),
            },
            _dimensions(trigger),
        ),
        annotations=notes_of(
            summary=said.text("AlarmDescription", limit=MAX_NOTE) or in_words(name, reason),
            description=reason,
            state=state,
            condition=_condition(trigger),
        ),
        status="resolved" if resolved else "firing",
        fingerprint=fingerprint("aws", arn or f"{account}:{region}:{name}"),
        starts_at=None if resolved else at,
        ends_at=at if resolved else None,
        links=_console(arn, region, name),
    )


def _text(
    said: Given,
    subject: str,
    text: str,
    topic: str,
    at: datetime | None,
    source: str,
    now: datetime,
) -> Event:
    """Any text: its subject names the alert. It has no end of its own."""
    kind = said.text("detail-type", limit=MAX_WORD)  # EventBridge
    return Event(
        source=source,
        occurred_at=now,
        labels=labels_of(
            {
                "alertname": kind or subject or name_from_text(text),
                "severity": said.text("severity", limit=MAX_WORD) or "warning",
                "namespace": said.text("source") if kind else "",
                "region": _of_arn(topic, 3),
                "account": _of_arn(topic, 4),
                "topic": _of_arn(topic, 5),
            }
        ),
        annotations=notes_of(summary=subject or kind or text[:MAX_WORD], description=text),
        starts_at=at,
        ends_at=now + MOMENTARY,
    )


def _dimensions(trigger: Given) -> Iterator[tuple[str, str]]:
    """`Dimensions` of one metric, or of the first of several."""
    metrics = (one.under("MetricStat").under("Metric") for one in trigger.entries("Metrics"))
    for where in (trigger, *metrics):
        if found := where.entries("Dimensions"):
            return (
                (one.text("name", "Name"), one.text("value", "Value", limit=MAX_WORD))
                for one in found
                if one.text("value", "Value")
            )
    return iter(())


def _condition(trigger: Given) -> str:
    return in_words(
        trigger.text("Statistic", "ExtendedStatistic"),
        trigger.text("MetricName"),
        trigger.text("ComparisonOperator"),
        trigger.text("Threshold"),
    )


def _of_arn(arn: str, part: int) -> str:
    """arn:partition:service:region:account:resource"""
    parts = arn.split(":", 5)
    return parts[part] if len(parts) == 6 and parts[0] == "arn" else ""


def _console(arn: str, region: str, name: str) -> dict[str, str]:
    if not _REGION.fullmatch(region):  # it becomes a part of a host name
        return {}
    host = "console.amazonaws.cn" if arn.startswith("arn:aws-cn:") else "console.aws.amazon.com"
    page = f"https://{region}.{host}/cloudwatch/home?region={region}#alarmsV2:alarm/"
    return web_links(alarm=page + quote(name, safe=""))
