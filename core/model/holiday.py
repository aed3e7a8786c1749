"""Holidays: days that somebody named, or that a country (or a part of it) keeps.

A country's days come from the `holidays` package. Where a government moves working days to a
weekend to make a holiday longer (China does), those days count as worked.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

from core.errors import InvalidInput


class Days(msgspec.Struct, frozen=True):
    """Either the days `first` to `last`, both included, or the holidays of `country`."""

    first: date | None = None
    last: date | None = None
    country: str = ""
    subdivision: str = ""

    def __str__(self) -> str:
        """As `parse_days` reads it."""
        if self.first is not None and self.last is not None:
            return f"{self.first}:{self.last}"
        return f"{self.country}-{self.subdivision}" if self.subdivision else self.country

    def holds(self, day: date) -> bool:
        """Whether `day` is one of them."""
        if self.first is not None and self.last is not None:
            return self.first <= day <= self.last
        return day in _calendar(self.country, self.subdivision, day.year)

    def worked(self, day: date) -> bool:
        """Whether people of the country work on `day`: weekends and holidays are free."""
        worked: bool = _calendar(self.country, self.subdivision, day.year).is_working_day(day)
        return worked


@lru_cache(maxsize=512)
def _calendar(country: str, subdivision: str, year: int) -> Any:
    from holidays import country_holidays  # takes a while to import; few need it

    return country_holidays(country, subdiv=subdivision or None, years=year, expand=False)


def parse_days(value: Any) -> Days:
    """Read `2026-10-01`, `2026-10-01:2026-10-07`, `CN` or `DE-BY`. Else InvalidInput."""
    if isinstance(value, date):  # YAML reads a bare date as one
        return Days(value, value)
    if not isinstance(value, str):
        raise InvalidInput(f"{value!r} is neither a date nor a country code such as CN")
    text = value.strip()
    if text[:1].isdigit():
        first, _, last = text.partition(":")
        try:
            begin, end = (
                date.fromisoformat(first.strip()),
                date.fromisoformat((last or first).strip()),
            )
        except ValueError as error:
            raise InvalidInput(
                f"{text!r}: write a day as 2026-10-01, days as 2026-10-01:2026-10-07"
            ) from error
        if end < begin:
            raise InvalidInput(f"{text!r} ends before it begins")
        return Days(begin, end)
    country, _, subdivision = text.partition("-")
    try:
        _calendar(country, subdivision, 2026)
    except NotImplementedError as error:
        raise InvalidInput(
            f"the holidays of {text!r} are not known; use a code such as CN, US or DE-BY"
        ) from error
    return Days(country=country, subdivision=subdivision)
