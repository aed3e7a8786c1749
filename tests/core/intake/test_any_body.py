"""Whatever is sent: events that are fit to be kept, rejected entries, or InvalidInput."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.intake import alertmanager, aliyun, aws, grafana, tencent, uptime_kuma, zabbix
from core.intake.normalise import MAX_LABELS, MAX_NAME, MAX_NOTE, MAX_VALUE
from core.intake.parsed import Parsed
from core.intake.request import HookRequest, Parse, of_body

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _as_it_is(entry: bytes) -> bytes:
    return entry


READERS: dict[str, Parse] = {
    "alertmanager": of_body(alertmanager.parse, _as_it_is),
    "grafana": of_body(grafana.parse, _as_it_is),
    "zabbix": of_body(zabbix.parse, _as_it_is),
    "aliyun": of_body(aliyun.parse, _as_it_is),
    "tencent": of_body(tencent.parse, _as_it_is),
    "aws": aws.read,
    "uptime-kuma": uptime_kuma.read,
}
# Names that mean something to one of them, so that most get past the first look.
NAMES = st.sampled_from(
    ["alerts", "labels", "annotations", "status", "startsAt", "endsAt", "commonLabels", "values",
     "fingerprint", "title", "event_id", "event_name", "event_value", "event_date", "event_time",
     "event_timestamp", "event_tags", "tag", "value", "event_nseverity", "utc_offset",
     "trigger_id", "zabbix_url", "event_recovery_date", "event_recovery_time", "alertName",
     "alertState", "dimensions", "dimensionsOriginal", "timestamp", "alert", "meta",
     "sysEventMeta", "name", "product", "content", "eventTime", "level", "alarmPolicyInfo",
     "alarmObjInfo", "conditions", "alarmStatus", "policyName", "metricName", "firstOccurTime",
     "recoverTime", "additionalMsg", "specversion", "type", "time", "data", "Message", "AlarmName",
     "NewStateValue", "AlarmArn", "StateChangeTime", "Trigger", "Dimensions", "Metrics", "Subject",
     "TopicArn", "Type", "heartbeat", "monitor", "msg", "monitorID", "tags", "url", "hostname",
     "port"]
)  # fmt: skip
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["1", "0", "firing", "resolved", "OK", "ALARM", "ALERT", "null", "{EVENT.ID}", "*UNKNOWN*",
     "0001-01-01T00:00:00Z", "2026.06.01", "19:30:05", "9999-12-31T23:59:59+14:00", "1e308", "nan",
     "-9" * 40, "[" * 3000, '{"AlarmName": "A"}', '[{"tag": 1}]', "{a=b, c=}", "\ud800", "\0",
     "arn:aws:sns:x", "Notification", "https://[", "[a][b] certificate", "[]"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.one_of(
    st.dictionaries(NAMES, VALUES, max_size=6).map(lambda v: json.dumps(v).encode()),
    VALUES.map(lambda v: json.dumps(v).encode()),
    VALUES.map(lambda v: b'{"alerts": [' + json.dumps(v).encode() + b"]}"),
    st.dictionaries(NAMES, TEXTS, max_size=6).map(
        lambda v: urlencode({k: t.encode("utf-8", "surrogatepass") for k, t in v.items()}).encode()
    ),
    st.binary(max_size=60),
)
HEADERS = st.sampled_from(
    [
        {},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=b"},
        {"content-type": 'multipart/form-data; boundary="\r\n\udcff'},
        {aws.RAW: "true"},
    ]
)


@pytest.mark.parametrize("source", READERS)
@settings(max_examples=250, deadline=None, derandomize=True)
@given(body=BODIES, headers=HEADERS)
def test_nothing_breaks_a_parser(source: str, body: bytes, headers: dict[str, str]) -> None:
    with contextlib.suppress(InvalidInput):
        check(READERS[source](HookRequest(body, headers), "hook:main", NOW))


def check(parsed: Parsed) -> None:
    for event in parsed.events:
        assert len(event.labels) <= MAX_LABELS
        texts: list[tuple[str, int]] = [(name, MAX_NAME) for name in event.labels]
        texts += [(text, MAX_VALUE) for text in event.labels.values()]
        texts += [(text, MAX_NOTE) for text in event.annotations.values()]
        texts += [(text, MAX_VALUE) for text in event.links.values()]
        for text, limit in texts:
            assert len(text) <= limit
            assert "\0" not in text
            text.encode()
        for moment in (event.occurred_at, event.starts_at):
            assert moment is None or moment <= NOW
        assert event.status == "firing" or event.ends_at is None or event.ends_at <= NOW


def test_what_is_large_is_shortened() -> None:
    tags = [{"tag": "x", "value": "y" * 50}] * 5000 + [{"tag": f"t{i}"} for i in range(5000)]
    large: list[tuple[str, dict[str, Any]]] = [
        ("zabbix", {"event_name": "n" * 9000, "event_tags": tags}),
        ("aliyun", {"alertName": "a", "dimensions": "{" + ", a=b" * 9000 + "}"}),
        ("tencent", {"alarmPolicyInfo": {"policyName": "p"}, "additionalMsg": [{"key": "k" * 99}]}),
        ("aws", {"Message": "m" * 90_000, "Subject": "s" * 9000}),
        ("uptime-kuma", {"heartbeat": {"status": 0}, "monitor": {"name": "m", "tags": tags}}),
        ("grafana", {"alerts": [{"labels": {"a": "b"}, "values": {"v": "1" * 90_000}}]}),
    ]
    for source, value in large:
        parsed = READERS[source](HookRequest(json.dumps(value).encode()), "hook:main", NOW)
        assert len(parsed.events) == 1
        check(parsed)


def test_the_last_of_two_keys_of_one_name_counts() -> None:
    body = b'{"event_name": "a", "event_value": "1", "event_value": "0", "event_name": "b"}'
    (event,) = READERS["zabbix"](HookRequest(body), "hook:main", NOW).events
    assert (event.labels["alertname"], event.status) == ("b", "resolved")


PROBLEMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("grafana", {"status": "firing", "fingerprint": "ab12"},
     {"status": "resolved", "fingerprint": "ab12"}),
    ("zabbix", {"event_name": "a", "event_value": "1", "event_id": "5"},
     {"event_name": "a", "event_value": "0", "event_id": "5"}),
    ("aliyun", {"alertName": "a", "alertState": "ALERT", "ruleId": "r"},
     {"alertName": "a", "alertState": "OK", "ruleId": "r"}),
    ("tencent", {"sessionId": "s", "alarmStatus": 1, "alarmPolicyInfo": {"policyName": "p"}},
     {"sessionId": "s", "alarmStatus": "0", "alarmPolicyInfo": {"policyName": "p"}}),
    ("aws", {"AlarmName": "a", "NewStateValue": "ALARM"},
     {"AlarmName": "a", "NewStateValue": "OK"}),
    ("uptime-kuma", {"heartbeat": {"monitorID": 1, "status": 0}},
     {"heartbeat": {"monitorID": "1", "status": "1"}}),
]  # fmt: skip
NOISE = st.dictionaries(
    st.text("xyz_", min_size=3, max_size=9), VALUES, max_size=4
)  # fields that mean nothing


@pytest.mark.parametrize(("source", "fired", "ended"), PROBLEMS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(first=NOISE, last=NOISE)
def test_the_end_meets_its_beginning_whatever_else_is_said(
    source: str, fired: Any, ended: Any, first: dict[str, Any], last: dict[str, Any]
) -> None:
    def read(value: dict[str, Any]) -> Any:
        whole = {"alerts": [{"labels": {"a": "b"}, **value}]} if source == "grafana" else value
        (event,) = READERS[source](HookRequest(json.dumps(whole).encode()), "h", NOW).events
        return event

    begun, over = read({**first, **fired}), read({**last, **ended})
    assert (begun.status, over.status) == ("firing", "resolved")
    assert begun.fingerprint == over.fingerprint
    assert begun.labels["alertname"]
