"""The signature, against vectors computed from the platform's formula."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from yarl import URL

from bot.chat.dingtalk.sign import sign, timestamp_ms
from tests.sim.dingtalk.sign import sign as sign_of_the_platform

VECTORS = [
    (
        "SECtest000000000000000000000000000000000000000000000000000000000000",
        "1700000000000",
        "g6wL9xCvUGAPV+Is5LEr8aOWWzCf6zvFQzp8xYyWxhI=",
        "g6wL9xCvUGAPV%2BIs5LEr8aOWWzCf6zvFQzp8xYyWxhI%3D",
    ),
    (
        "this is secret",
        "1577262236757",
        "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=",
        "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D",
    ),
    (
        "SEC中文",
        "1700000000123",
        "2waeRIeC+28nSsNdlwyp0dV0vPt0+9Tnmob7RzhIWO4=",
        "2waeRIeC%2B28nSsNdlwyp0dV0vPt0%2B9Tnmob7RzhIWO4%3D",
    ),
]


@pytest.mark.parametrize(("secret", "timestamp", "raw", "encoded"), VECTORS)
def test_the_robot_s_signature(secret: str, timestamp: str, raw: str, encoded: str) -> None:
    assert sign(secret, timestamp) == raw
    assert sign_of_the_platform(secret, timestamp) == raw
    assert quote(raw, safe="") == encoded
    assert URL("http://h/robot/send?access_token=a").extend_query(sign=raw).query["sign"] == raw


def test_the_callback_s_signature() -> None:
    expected = "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="
    assert sign("this is a secret", "1577262236757") == expected


def test_the_timestamp_is_in_milliseconds() -> None:
    assert timestamp_ms(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)) == "1700000000000"
