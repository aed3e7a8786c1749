"""Durations and sizes as people write them: `10s 5m 2h 1d`, `10秒`, `1h30m`, `4MiB`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|毫秒|s|秒|m|分钟|分|h|小时|时|d|天|w|周)")
_SECONDS = {
    **dict.fromkeys(("ms", "毫秒"), 0.001),
    **dict.fromkeys(("s", "秒"), 1),
    **dict.fromkeys(("m", "分钟", "分"), 60),
    **dict.fromkeys(("h", "小时", "时"), 3600),
    **dict.fromkeys(("d", "天"), 86400),
    **dict.fromkeys(("w", "周"), 604800),
}
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*(B|KB|KiB|MB|MiB|GB|GiB)?$", re.IGNORECASE)
_BYTES = {"b": 1, "kb": 1000, "kib": 1024, "mb": 10**6, "mib": 2**20, "gb": 10**9, "gib": 2**30}
MAX_DURATION = timedelta(days=3650)


def parse_duration(value: Any) -> timedelta:
    """A duration from text or a bare number of seconds. ValueError says what is allowed."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a duration is written like 10s, 5m, 2h or 1d")
    text = str(value).strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
    else:
        parts = _DURATION.findall(text)
        if not parts or _DURATION.sub("", text).strip():
            raise ValueError(f"{text!r} is not a duration; write it like 10s, 5m, 2h or 1d")
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > MAX_DURATION.total_seconds():
        raise ValueError(f"{text!r} is longer than ten years")
    return timedelta(seconds=seconds)


def parse_size(value: Any) -> int:
    """A size in bytes from `4MiB` or a bare number. ValueError says what is allowed."""
    found = None if isinstance(value, bool) else _SIZE.match(str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is not a size; write it like 512KiB, 4MiB or 1GiB")
    return int(float(found[1]) * _BYTES[(found[2] or "B").lower()])


def format_duration(value: timedelta) -> str:
    """The shortest exact form: 90 s → `1m30s`."""
    left = int(value.total_seconds())
    text = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, size)
        text += f"{number}{unit}" if number else ""
    return text or "0s"


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than 0s")
    return value


def _written(value: timedelta) -> str:
    return f"{value.total_seconds()}s" if value.microseconds else format_duration(value)


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(_written, when_used="json")
]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
Size = Annotated[int, BeforeValidator(parse_size)]
