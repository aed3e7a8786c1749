"""Settings: everything wrong is said at once, with its path."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.config import load_settings
from core.config.load import parse_settings
from core.config.references import warnings
from core.config.units import format_duration, parse_duration, parse_size
from core.errors import ConfigError


def problems(raw: dict[str, object], **environment: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse_settings(raw, environment)
    return {p.path: p.message for p in caught.value.problems}


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("")
    settings = load_settings(tmp_path / "c.yaml")
    assert settings.server.port == 8080
    assert settings.resolve_timeout == timedelta(minutes=5)


def test_all_problems_are_listed() -> None:
    found = problems(
        {
            "server": {"port": "high", "hots": "x"},
            "timezone": "Mars/Base",
            "rules": [{"name": "r", "match": {"any": ["re:("]}}],
        }
    )
    assert set(found) == {"server.port", "server.hots", "timezone", "rules[0].match.any[0]"}
    assert found["server.hots"] == "unknown key"


def test_names_that_do_not_exist_are_told() -> None:
    found = problems(
        {
            "route": {"receiver": "nobody", "routes": [{"receiver": "nobody2"}]},
            "receivers": [{"name": "a", "channels": ["gone"]}],
            "files": [{"name": "f", "watch_dir": ["/x"], "target": "t"}],
        }
    )
    assert set(found) == {
        "route.receiver",
        "route.routes[0].receiver",
        "receivers[0].channels[0]",
        "files[0].target",
    }


def test_variables_come_from_the_environment() -> None:
    raw = {"auth": {"admin_token": "${T}"}, "data_dir": "${D:-./here}"}
    settings = parse_settings(raw, {"T": "secret"})
    assert settings.auth.admin_token == "secret"
    assert settings.data_dir == "./here"
    assert "T" in problems({"auth": {"admin_token": "${T}"}})["auth.admin_token"]


def test_the_environment_overrides() -> None:
    settings = parse_settings({"server": {"port": 1}}, {"TOCSIN_SERVER__PORT": "9000"})
    assert settings.server.port == 9000


def test_a_channel_nobody_names_may_miss_its_secret() -> None:
    channel = {"name": "c", "type": "dingtalk_robot", "webhook": "${NO}", "secret": "${NO}"}
    parse_settings({"channels": [channel]}, {})
    receivers = [{"name": "r", "channels": ["c"]}]
    assert problems({"channels": [channel], "receivers": receivers})


def test_secrets_are_not_in_messages() -> None:
    found = problems({"auth": {"admin_token": 12345}})
    assert "12345" not in str(found)


def test_an_empty_credential_is_refused() -> None:
    hooks = [{"name": "h", "source": "alertmanager", "auth": {"bearer": ""}}]
    assert "hooks[0].auth" in problems({"hooks": hooks})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("5m", 300), ("1h30m", 5400), ("10秒", 10), (7, 7), ("2d", 172800)],
)
def test_durations(text: object, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "abc", "10x", "-5s", True, None])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_sizes_and_formats() -> None:
    assert parse_size("4MiB") == 4 * 2**20
    assert parse_size(100) == 100
    assert format_duration(timedelta(seconds=5400)) == "1h30m"


def test_time_intervals_are_checked_where_they_are_named() -> None:
    days = [{"weekdays": ["monday"]}, {"weekdays": ["sunday"], "location": "Asia/Shanghai"}]
    raw = {
        "time_intervals": [{"name": "days", "time_intervals": days}],
        "route": {"routes": [{"mute_time_intervals": ["nights", "days"]}]},
        "maintenance": [{"name": "m", "time_intervals": ["nights"]}],
    }
    assert set(problems(raw)) == {
        "route.routes[0].mute_time_intervals[0]",
        "maintenance[0].time_intervals[0]",
    }
    fine = {"time_intervals": raw["time_intervals"]}
    assert [w.path for w in warnings(parse_settings(fine, {}))] == [
        "time_intervals[0].time_intervals[0]"
    ]
