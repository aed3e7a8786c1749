"""Routes, inhibitions and time intervals: the words are nearly the same on both sides."""

from __future__ import annotations

from typing import Any

from bot.cli.alertmanager_yml.reader import Reader

_WAITS = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
_ROUTE = (
    "receiver", "group_by", *_WAITS, "match", "match_re", "matchers", "continue", "routes",
    "mute_time_intervals", "active_time_intervals",
)  # fmt: skip
_INHIBIT = (
    "source_match", "source_match_re", "source_matchers", "target_match", "target_match_re",
    "target_matchers", "equal",
)  # fmt: skip
_SPAN = ("weekdays", "days_of_month", "months", "years")


def route(reader: Reader, value: Any, path: str = "route", *, top: bool = True) -> dict[str, Any]:
    """A node of the tree. At the top Alertmanager's defaults are written out."""
    given = reader.table(value, path)
    reader.lose_others(given, path, _ROUTE)
    made: dict[str, Any] = {}
    receiver = reader.text(given.get("receiver"), f"{path}.receiver")
    if receiver:
        made["receiver"] = receiver
    matchers = reader.matchers(given, path)
    if matchers:
        made["matchers"] = matchers
    if top or given.get("group_by") is not None:
        made["group_by"] = reader.texts(given.get("group_by"), f"{path}.group_by")
    for name, default in _WAITS.items():
        if given.get(name) is not None:
            made[name] = reader.duration(given[name], f"{path}.{name}")
        elif top:
            made[name] = default
    for name in ("mute_time_intervals", "active_time_intervals"):
        if given.get(name):
            made[name] = reader.texts(given[name], f"{path}.{name}")
    if reader.flag(given.get("continue"), f"{path}.continue") and not top:
        made["continue"] = True
    children = reader.tables(given.get("routes"), f"{path}.routes")
    if children:
        made["routes"] = [route(reader, child, at, top=False) for at, child in children]
    return made


def inhibitions(reader: Reader, value: Any) -> list[dict[str, Any]]:
    """`inhibit_rules`, in the old and the new form."""
    made = []
    for path, given in reader.tables(value, "inhibit_rules"):
        reader.lose_others(given, path, _INHIBIT)
        made.append(
            {
                "source": reader.matchers(given, path, "source_"),
                "target": reader.matchers(given, path, "target_"),
                "equal": reader.texts(given.get("equal"), f"{path}.equal"),
            }
        )
    return made


def time_intervals(reader: Reader, document: dict[str, Any]) -> list[dict[str, Any]]:
    """`time_intervals`, and `mute_time_intervals` as they were called before 0.24."""
    made = []
    for section in ("time_intervals", "mute_time_intervals"):
        for path, given in reader.tables(document.get(section), section):
            reader.lose_others(given, path, ("name", "time_intervals"))
            spans = reader.tables(given.get("time_intervals"), f"{path}.time_intervals")
            made.append(
                {
                    "name": reader.text(given.get("name"), f"{path}.name"),
                    "time_intervals": [_span(reader, span, at) for at, span in spans],
                }
            )
    return made


def _span(reader: Reader, given: dict[str, Any], path: str) -> dict[str, Any]:
    reader.lose_others(given, path, (*_SPAN, "times", "location"))
    made: dict[str, Any] = {}
    times = reader.tables(given.get("times"), f"{path}.times")
    if times:
        made["times"] = [
            {
                name: reader.text(span.get(name), f"{at}.{name}")
                for name in ("start_time", "end_time")
            }
            for at, span in times
        ]
    for name in _SPAN:
        if given.get(name):
            made[name] = reader.texts(given[name], f"{path}.{name}")
    location = reader.text(given.get("location"), f"{path}.location")
    if location:
        made["location"] = location
    return made
