"""When a line says it was written, read from its beginning.

Known are ISO 8601 and what looks like it (`2026-01-31 12:00:00,123 +08:00`, `2026/01/31 …`),
syslog (`Jan 31 12:00:00`, RFC 3164: no year), web servers (`31/Jan/2026:12:00:00 +0800`), and
Unix times under the usual names in JSON. A time without a zone is in the house's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import re2

_LOOKED_AT = 400  # bytes
_DAY = timedelta(days=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re2.compile(
    r"\b(\d{4})[-/.](\d{2})[-/.](\d{2})[T _](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?"
    r" ?(Z|[+-]\d{2}:?\d{2})?"
)
_WEB = re2.compile(r"\b(\d{2})/([A-Za-z]{3})/(\d{4}):(\d{2}):(\d{2}):(\d{2})()(?: ([+-]\d{4}))?")
_SYSLOG = re2.compile(r"^(?:<\d+>)?([A-Za-z]{3}) {1,2}(\d{1,2}) (\d{2}):(\d{2}):(\d{2})\b")
_UNIX = re2.compile(r'"(?:@?timestamp|time|ts)": ?"?(\d{10})(\d{3})?(?:\.(\d{1,9}))?\b')


class Stamps:
    """Reads the times of lines. zone: of those that do not tell theirs."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def of(self, line: bytes, now: datetime) -> datetime | None:
        """In UTC; None where the line has none. now: what tells the year where it is missing."""
        text = line[:_LOOKED_AT].decode("utf-8", "replace")
        try:
            if found := _ISO.search(text):
                return self._moment(*(found[n] for n in range(1, 9)))
            if found := _WEB.search(text):
                month = _month(found[2])
                return self._moment(found[3], month, found[1], *(found[n] for n in range(4, 9)))
            if found := _SYSLOG.search(text):
                clock = (found[n] for n in range(2, 6))
                return self._of_this_year(_month(found[1]), *clock, now=now)
            if found := _UNIX.search(text):
                fraction = float(f"0.{found[2] or found[3] or 0}")
                return datetime.fromtimestamp(int(found[1]) + fraction, UTC)
        except ValueError:  # no such day or hour
            return None
        return None

    def _moment(
        self, year: str, month: str, day: str, hour: str, minute: str, second: str,
        fraction: str | None, zone: str | None,
    ) -> datetime:  # fmt: skip
        micros = int((fraction or "0").ljust(6, "0")[:6])
        wall = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), micros
        )
        return wall.replace(tzinfo=_offset(zone) if zone else self._zone).astimezone(UTC)

    def _of_this_year(
        self, month: str, day: str, hour: str, minute: str, second: str, *, now: datetime
    ) -> datetime:
        """The latest such moment that is not in the future."""
        year = now.astimezone(self._zone).year
        for candidate in (year, year - 1, year - 2, year - 3, year - 4):
            try:
                moment = self._moment(str(candidate), month, day, hour, minute, second, None, None)
            except ValueError:  # 29 February of another year
                continue
            if moment <= now + _DAY:
                return moment
        raise ValueError


def _month(name: str) -> str:
    return str(_MONTHS.index(name.lower()) + 1)


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if text[0] == "-" else away)
