"""Maintenance that the settings plan."""

from __future__ import annotations

import msgspec

from core.model.matcher import Matcher
from core.model.time_interval import TimeInterval


class Maintenance(msgspec.Struct, frozen=True):
    """Planned: while any of the intervals holds, alerts that fit all matchers are not told."""

    name: str
    matchers: tuple[Matcher, ...]
    intervals: tuple[TimeInterval, ...]
    comment: str
