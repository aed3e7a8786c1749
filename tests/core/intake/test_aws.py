"""AWS SNS: envelopes, CloudWatch's alarms and any text, and which events come of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.intake import aws
from core.intake.normalise import MOMENTARY
from core.intake.parsed import Parsed
from core.intake.request import HookRequest
from core.model.event import Event

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = datetime(2026, 6, 1, 11, 30, 5, 123000, tzinfo=UTC)
ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:5xx on alb"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
ALARM: dict[str, Any] = {
    "AlarmName": "5xx on alb",
    "AlarmDescription": "more than 50 in 5 minutes",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed",
    "StateChangeTime": "2026-06-01T11:30:05.123+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": ARN,
    "OldStateValue": "OK",
    "Trigger": {
        "MetricName": "HTTPCode_ELB_5XX_Count",
        "Namespace": "AWS/ApplicationELB",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [{"value": "app/prod/1a", "name": "LoadBalancer"}, None],
        "Period": 300,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 50.0,
    },
}


def envelope(message: Any, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "5xx on alb"',
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2026-06-01T11:30:06.000Z",
        "SignatureVersion": "1",
        **more,
    }


def parse(value: Any) -> Parsed:
    return aws.parse(json.dumps(value).encode(), "hook:aws", NOW)


def alarm(**changes: Any) -> Event:
    (event,) = parse(envelope({**ALARM, **changes})).events
    return event


def test_an_alarm() -> None:
    event = alarm()
    assert event.labels == {
        "alertname": "5xx on alb",
        "severity": "warning",
        "namespace": "AWS/ApplicationELB",
        "metric": "HTTPCode_ELB_5XX_Count",
        "region": "us-east-1",
        "account": "123456789012",
        "topic": "ops",
        "LoadBalancer": "app/prod/1a",
    }
    assert event.annotations == {
        "summary": "more than 50 in 5 minutes",
        "description": "Threshold Crossed",
        "state": "ALARM",
        "condition": "SUM HTTPCode_ELB_5XX_Count GreaterThanThreshold 50.0",
    }
    assert (event.status, event.starts_at, event.ends_at) == ("firing", AT, None)
    assert event.links == {
        "alarm": "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#alarmsV2:alarm/5xx%20on%20alb"
    }


def test_ok_ends_it() -> None:
    event = alarm(NewStateValue="OK", NewStateReason="fine again")
    assert event.fingerprint == alarm().fingerprint
    assert (event.status, event.occurred_at, event.ends_at) == ("resolved", AT, AT)


def test_no_data_goes_on() -> None:
    event = alarm(NewStateValue="INSUFFICIENT_DATA")
    assert (event.status, event.fingerprint) == ("firing", alarm().fingerprint)


def test_an_alarm_without_an_arn_and_one_of_several_metrics() -> None:
    assert alarm(AlarmArn=None).fingerprint == alarm(AlarmArn="").fingerprint
    stat = {"Metric": {"Namespace": "N", "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}]}}
    event = alarm(Trigger={"Metrics": [{"Expression": "m1*2"}, {"Id": "m1", "MetricStat": stat}]})
    assert event.labels["InstanceId"] == "i-1"
    composite = alarm(Trigger=None, AlarmRule="ALARM(a) OR ALARM(b)")
    assert "metric" not in composite.labels


def test_a_region_that_is_none_makes_no_address() -> None:
    forged = alarm(AlarmArn="arn:aws:cloudwatch:evil.example/#:1:alarm:x")
    assert forged.links == {}
    china = alarm(AlarmArn="arn:aws-cn:cloudwatch:cn-north-1:1:alarm:x")
    assert china.links["alarm"].startswith("https://cn-north-1.console.amazonaws.cn/")


def test_any_text() -> None:
    (event,) = parse(envelope("磁盘 /data 已满 97%", Subject="Disk full")).events
    assert event.labels == {
        "alertname": "Disk full",
        "severity": "warning",
        "region": "us-east-1",
        "account": "123456789012",
        "topic": "ops",
    }
    assert event.annotations == {"summary": "Disk full", "description": "磁盘 /data 已满 97%"}
    assert (event.status, event.ends_at) == ("firing", NOW + MOMENTARY)
    for subject in (None, ""):
        (bare,) = parse(envelope("timeout after 31 ms\nmore", Subject=subject)).events
        assert bare.labels["alertname"] == "timeout after * ms"


def test_an_event_of_eventbridge() -> None:
    said = {"detail-type": "EC2 Instance State-change", "source": "aws.ec2", "detail": {"a": 1}}
    (event,) = parse(envelope(said, Subject=None)).events
    assert event.labels["alertname"] == "EC2 Instance State-change"
    assert event.labels["namespace"] == "aws.ec2"


def test_the_alarm_alone() -> None:
    (event,) = parse(ALARM).events
    assert event.fingerprint == alarm().fingerprint
    headers = {aws.RAW: "true", "x-amz-sns-topic-arn": TOPIC}
    raw = HookRequest(json.dumps(ALARM).encode(), headers)
    assert aws.read(raw, "hook:aws", NOW).events == [alarm()]
    (text,) = aws.read(HookRequest(b"disk full", headers), "hook:aws", NOW).events
    assert text.labels["alertname"] == "disk full"
    assert text.labels["topic"] == "ops"


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        envelope(""),
        envelope({**ALARM, "NewStateValue": "MAYBE"}),
        envelope({**ALARM, "AlarmName": " "}),
        envelope("x", Type="SubscriptionConfirmation"),
    ],
)
def test_what_cannot_be_used(value: Any) -> None:
    parsed = parse(value)
    assert (parsed.events, len(parsed.rejected)) == ([], 1)


def test_a_state_in_another_case_and_numbers_as_texts() -> None:
    event = alarm(NewStateValue="ok", AWSAccountId=123456789012)
    assert event.status == "resolved"
    assert event.labels["account"] == "123456789012"
