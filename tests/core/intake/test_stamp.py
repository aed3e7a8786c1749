"""Times at the beginning of lines."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.intake.stamp import Stamps

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAMPS = Stamps(ZoneInfo("Asia/Shanghai"))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("2026-01-31T12:00:00Z x", at(2026, 1, 31, 12)),
        ("2026-01-31 12:00:00,123 ERROR", at(2026, 1, 31, 4, 0, 0, 123000)),
        ("[2026/01/31 12:00:00.5 +02:00] x", at(2026, 1, 31, 10, 0, 0, 500000)),
        (
            '{"level":"x","time":"2026-01-31T12:00:00.123456789-0500"}',
            at(2026, 1, 31, 17, 0, 0, 123456),
        ),
        ('10.0.0.1 - - [31/Jan/2026:12:00:00 +0800] "GET /"', at(2026, 1, 31, 4)),
        ("Feb  9 12:00:00 host sshd[1]: x", at(2026, 2, 9, 4)),
        ("<34>Oct 11 22:14:15 host su: x", at(2025, 10, 11, 14, 14, 15)),
        ("Feb 29 12:00:00 host x", at(2024, 2, 29, 4)),
        ('{"ts":1767225600.25,"msg":"x"}', at(2026, 1, 1, 0, 0, 0, 250000)),
        ('{"timestamp": 1767225600123}', at(2026, 1, 1, 0, 0, 0, 123000)),
    ],
)
def test_known_forms(line: str, moment: datetime) -> None:
    assert STAMPS.of(line.encode(), NOW) == moment


@pytest.mark.parametrize(
    "line",
    ["", "no time", "2026-13-41 12:00:00 x", "2026-01-01", "Foo 12 12:00:00 x",
     "0000-01-01 00:00:00", "x" * 500 + "2026-01-31 12:00:00"],
)  # fmt: skip
def test_others_have_none(line: str) -> None:
    assert STAMPS.of(line.encode(), NOW) is None


@given(st.binary(max_size=100))
def test_any_bytes_are_taken(line: bytes) -> None:
    STAMPS.of(line, NOW)
    STAMPS.of(b"2026-01-31 12:00:00" + line, NOW)
