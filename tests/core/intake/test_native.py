"""POST /api/v1/events: what is sent, and which events come of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.intake import native
from core.intake.normalise import MAX_BODY, MAX_LABELS, MAX_VALUE
from core.intake.parsed import Parsed
from core.model.event import Event
from core.redact import MASK
from core.rule.shorten import CUT

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def parse(value: Any) -> Parsed:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return native.parse(body, "api", NOW)


def one(**entry: Any) -> Event:
    parsed = parse({"labels": {"alertname": "x"}, **entry})
    assert parsed.rejected == []
    return parsed.events[0]


def refused(value: Any) -> list[tuple[str, str]]:
    return [(r.reason, r.detail) for r in parse(value).rejected]


def test_an_event_as_documented() -> None:
    event = one(
        annotations={"summary": "磁盘满"},
        severity="P1",
        status="resolved",
        occurred_at="2026-06-01T10:00:00+08:00",
        body="raw",
        dedup_key="k",
    )
    assert event == Event(
        "api",
        datetime(2026, 6, 1, 2, tzinfo=UTC),
        {"alertname": "x"},
        {"summary": "磁盘满"},
        "P1",
        "resolved",
        "raw",
        "k",
    )


def test_one_object_a_batch_and_a_list_are_the_same() -> None:
    entry = {"labels": {"alertname": "x"}}
    alone = parse(entry)
    assert parse({"events": [entry]}) == parse([entry]) == alone
    assert len(alone.events) == 1
    assert parse({"events": []}) == Parsed([], [])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b"null", b"5", b'"x"', b'{"events": 5}', b'{"events": null}',
     b"[" * 100_000, b'{"labels":' + b"[" * 5000 + b"]" * 5000 + b"}", b"\xff\xfe", b"{} {}"],
)  # fmt: skip
def test_a_body_that_is_useless_as_a_whole(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(body)


def test_the_good_ones_of_a_batch_are_kept_and_the_others_named() -> None:
    good = {"labels": {"alertname": "x"}}
    parsed = parse(
        {
            "events": [
                good,
                7,
                {"labels": [1]},
                {"annotations": {}},
                {"labels": {"a": {}}},
                {"labels": {"": "x"}},
                {"labels": {"n" * 129: "x"}},
                {"labels": {str(i): "x" for i in range(MAX_LABELS + 1)}},
                {**good, "status": "boom"},
                {**good, "occurred_at": "yesterday"},
                {"labels": {}},
                {**good, "body": []},
                good,
            ]
        }
    )
    assert [e.labels for e in parsed.events] == [{"alertname": "x"}] * 2
    assert [(r.reason, r.detail) for r in parsed.rejected] == [
        ("bad_type", "events[1]: must be an object, not a number"),
        ("bad_type", "events[2].labels: must be an object, not a list"),
        ("missing", "events[3].labels: is required"),
        ("bad_type", "events[4].labels.a: must be a text, not an object"),
        ("bad_value", "events[5].labels: a name has 0 characters, 1 to 128 are allowed"),
        ("bad_value", "events[6].labels: a name has 129 characters, 1 to 128 are allowed"),
        ("too_large", "events[7].labels: has 65 names, 64 are allowed"),
        ("bad_value", "events[8].status: must be firing or resolved"),
        ("bad_value", "events[9].occurred_at: 'yesterday' is not a time such as RFC 3339"),
        ("missing", "events[10].labels: is empty, and nothing else is said"),
        ("bad_type", "events[11].body: must be a text, not a list"),
    ]
    assert parsed.rejected[1].payload == '{"labels": [1]}'
    assert refused([{}]) == [("missing", "[0].labels: is required")]
    assert refused({}) == [("missing", "labels: is required")]


def test_numbers_and_truth_values_become_text_and_null_is_left_out() -> None:
    body = b'{"labels": {"a": 1, "b": 1.5, "c": true, "d": null, "e": NaN, "f": %s}}' % (b"9" * 50)
    assert parse(body).events[0].labels == {
        "a": "1", "b": "1.5", "c": "true", "e": "NaN", "f": "9" * 50,
    }  # fmt: skip
    assert one(severity=3, status=None, body=12, dedup_key=False).dedup_key == "false"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    event = one(labels={"a": "x" * 9000}, body="y" * 70_000)
    assert len(event.labels["a"]) == MAX_VALUE
    assert len(event.body) == MAX_BODY
    assert event.labels["a"].endswith(CUT)
    assert event.body.endswith(CUT)
    assert one(dedup_key="k" * 600 + "1").dedup_key != one(dedup_key="k" * 600 + "2").dedup_key


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-05-01T00:00:00", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01 08:00:00+08:00", datetime(2026, 5, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", NOW),
        ("0001-01-01T00:00:00+08:00", NOW),
        ("9999-12-31T23:59:59-08:00", NOW),
        ("2027-01-01T00:00:00Z", NOW),
        ("", NOW),
        (None, NOW),
        (0, NOW),
        (1777593600, datetime(2026, 5, 1, tzinfo=UTC)),
        (1777593600.5, datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=0.5)),
        (1777593600_000, datetime(2026, 5, 1, tzinfo=UTC)),
        (1777593600_000_000, datetime(2026, 5, 1, tzinfo=UTC)),
        (1777593600_000_000_000, datetime(2026, 5, 1, tzinfo=UTC)),
        ("1777593600", datetime(2026, 5, 1, tzinfo=UTC)),
    ],
)
def test_times_of_all_kinds(given: Any, meant: datetime) -> None:
    assert one(occurred_at=given).occurred_at == meant


@pytest.mark.parametrize("given", [True, [], {}, "1e999", "NaN", -1e300, "noon"])
def test_what_is_no_time(given: Any) -> None:
    (reason, detail), *_ = refused({"labels": {"a": "b"}, "occurred_at": given})
    assert reason == "bad_value"
    assert detail.startswith("occurred_at: ")


def test_secrets_are_masked_wherever_they_stand() -> None:
    event = one(
        labels={"alertname": "x", "db_password": "hunter2"},
        annotations={"summary": "login with password=hunter2 failed"},
        body="Authorization: Bearer hunter2hunter2x",
        dedup_key="password=hunter2",
    )
    assert "hunter2" not in repr(event)
    assert event.labels["db_password"] == MASK
    assert event.dedup_key != one(dedup_key="password=hunter3").dedup_key
    hidden = parse(rb'{"labels": {"a": "pass\u0077ord=hunter2"}}').events[0]
    assert hidden.labels["a"] == f"password={MASK}"
    assert "hunter2" not in repr(parse([{"labels": {"x": {"password": "hunter2"}}}]).rejected)


def test_what_a_database_refuses_is_replaced() -> None:
    body = rb'{"labels": {"a": "x\u0000y", "b": "\ud800", "c": "\ud83d\ude00"}, "body": "' + b"\xff"
    event = parse(body + b'"}').events[0]
    assert event.labels == {"a": "x\ufffdy", "b": "\ufffd", "c": "😀"}
    assert event.body == "\ufffd"


def test_the_list_of_what_was_refused_is_bounded() -> None:
    rejected = parse([{}] * 1000).rejected
    assert len(rejected) == 101
    assert rejected[-1].detail == "900 more entries cannot be used"


_TEXT = st.text(max_size=8)
_ENTRY = st.fixed_dictionaries(
    {"labels": st.dictionaries(st.text(min_size=1, max_size=8), _TEXT, min_size=1, max_size=4)},
    optional={
        "annotations": st.dictionaries(st.text(min_size=1, max_size=8), _TEXT, max_size=3),
        "severity": _TEXT,
        "status": st.sampled_from(["firing", "resolved"]),
        "occurred_at": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        "body": _TEXT,
        "dedup_key": _TEXT,
        "unknown": st.none() | st.lists(st.integers(), max_size=2),
    },
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["labels", "status", "occurred_at", "body", "events", "a"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.lists(_ENTRY, max_size=4))
def test_the_strict_and_the_lenient_way_agree(entries: list[dict[str, Any]]) -> None:
    """A number among the entries makes the whole batch go the lenient way."""
    strict = parse({"events": entries})
    lenient = parse({"events": [*entries, 0]})
    assert strict.rejected == []
    assert lenient.events == strict.events
    assert len(lenient.rejected) == 1


@given(_JSON)
def test_any_json_is_parsed_or_refused(value: Any) -> None:
    try:
        parsed = parse(value)
    except InvalidInput:
        return
    for event in parsed.events:
        assert event.occurred_at <= NOW
        repr(event).encode()
