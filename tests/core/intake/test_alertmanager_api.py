"""Alerts as Prometheus and amtool post them: both ways of reading agree, nothing breaks them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.intake import alertmanager_api
from core.intake.parsed import Parsed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TIMEOUT = timedelta(minutes=5)


def read(value: Any) -> Parsed:
    return parse(json.dumps(value).encode("utf-8", "surrogatepass"))


def parse(body: bytes) -> Parsed:
    return alertmanager_api.parse(body, "alertmanager", NOW, TIMEOUT)


def test_an_alert_of_prometheus() -> None:
    [event] = read(
        [
            {
                "labels": {"alertname": "A", "severity": "page", "empty": ""},
                "annotations": {"summary": "x"},
                "startsAt": "2026-03-01T11:00:00.123456Z",
                "endsAt": "2026-03-01T20:04:00+08:00",
                "generatorURL": "https://prom/graph",
            }
        ]
    ).events
    assert event.labels == {"alertname": "A", "severity": "page"}
    assert event.severity == ""
    assert (event.status, event.occurred_at) == ("firing", NOW)
    assert event.starts_at == datetime(2026, 3, 1, 11, 0, 0, 123456, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 3, 1, 12, 4, tzinfo=UTC)
    assert event.links == {"generator": "https://prom/graph"}


@pytest.mark.parametrize(
    ("given_", "starts", "ends"),
    [
        ({}, NOW, None),
        ({"startsAt": None, "endsAt": None}, NOW, None),
        ({"startsAt": "", "endsAt": ""}, NOW, None),
        ({"startsAt": "0001-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}, NOW, None),
        ({"startsAt": "0001-01-01T00:00:00+08:00"}, NOW, None),
        ({"endsAt": "2026-01-01T00:00:00"}, datetime(2026, 1, 1, tzinfo=UTC), "same"),
        ({"startsAt": "1970-01-01T00:00:00Z"}, datetime(1970, 1, 1, tzinfo=UTC), None),
        ({"startsAt": 1767225600}, datetime(2026, 1, 1, tzinfo=UTC), None),
        # A clock that is ahead by less than resolve_timeout.
        ({"startsAt": "2026-03-01T12:04:59Z"}, NOW + timedelta(seconds=299), None),
    ],
)
def test_times(given_: dict[str, Any], starts: datetime, ends: Any) -> None:
    [event] = read([{"labels": {"a": "b"}, **given_}]).events
    assert event.starts_at == starts
    assert event.ends_at == (starts if ends == "same" else ends)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "missing"),
        ({"labels": None}, "missing"),
        ({"labels": {}}, "missing"),
        ({"labels": {"a": ""}}, "missing"),
        ({"labels": {"1a": "x"}}, "bad_value"),
        ({"labels": {"a:b": "x"}}, "bad_value"),
        ({"labels": {"": "x"}}, "bad_value"),
        ({"labels": {"a\n": "x"}}, "bad_value"),
        ({"labels": {"a": {"b": "c"}}}, "bad_type"),
        ({"labels": {f"l{i}": "x" for i in range(65)}}, "too_large"),
        ({"labels": {"a": "b"}, "annotations": {"a b": "x"}}, "bad_value"),
        ({"labels": {"a": "b"}, "startsAt": "2026-03-01T12:06:00Z"}, "bad_value"),
        ({"labels": {"a": "b"}, "endsAt": "soon"}, "bad_value"),
        ({"labels": {"a": "b"}, "startsAt": []}, "bad_value"),
        (3, "bad_type"),
    ],
)
def test_what_alertmanager_would_refuse_is_rejected_alone(entry: Any, reason: str) -> None:
    parsed = read([{"labels": {"a": "b"}}, entry])
    assert [event.labels for event in parsed.events] == [{"a": "b"}]
    [rejected] = parsed.rejected
    assert rejected.reason == reason
    assert rejected.detail.startswith("alerts[1]")


def test_numbers_and_long_texts_are_taken() -> None:
    [event] = read(
        [{"labels": {"a": 1, "b": True}, "annotations": {"x": "y" * 10**6}, "generatorURL": "x"}]
    ).events
    assert event.labels == {"a": "1", "b": "true"}
    assert len(event.annotations["x"]) < 20_000
    assert event.links == {}


@pytest.mark.parametrize("body", [b"", b"{}", b"3", b'"x"', b"[", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_list(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(body)
    assert parse(b"null") == parse(b"[]") == Parsed([], [])


NAMES = st.sampled_from(["alertname", "a", "b_1", "bad name", "", "中"])
TIMES = st.none() | st.sampled_from(
    ["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "x", "",
     "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
)  # fmt: skip
ENTRIES = st.fixed_dictionaries(
    {"labels": st.dictionaries(NAMES, st.text(max_size=4) | st.none() | st.integers())},
    optional={
        "annotations": st.none() | st.dictionaries(NAMES, st.text(max_size=4)),
        "startsAt": TIMES,
        "endsAt": TIMES,
        "generatorURL": st.text(max_size=4) | st.integers(),
    },
)


@given(st.lists(ENTRIES, max_size=4))
def test_every_alert_is_taken_or_rejected_and_a_bad_one_changes_no_other(
    entries: list[Any],
) -> None:
    parsed = read(entries)
    assert len(parsed.events) + len(parsed.rejected) == len(entries)
    alone = [event for entry in entries for event in read([entry]).events]
    assert parsed.events == alone
    with_bad = read([*entries, None])
    assert with_bad.events == parsed.events
    for event in parsed.events:
        assert event.labels
        assert "" not in event.labels.values()
        assert event.starts_at is not None
        assert event.ends_at is None or event.starts_at <= event.ends_at
