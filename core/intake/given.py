"""An object that a platform sent, asked by name, when nothing about it can be taken for granted.

Numbers come as texts and texts as numbers, fields are missing, null or an unresolved macro, times
come in a dozen forms. What cannot be read is as good as not given: an alert matters more than its
details. `core.intake.reading` does the same by path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from core.intake.normalise import MAX_LABELS, MAX_NAME, MAX_VALUE
from core.intake.reading import filled, moment_at, notes, text_at

MAX_ENTRIES = 1000  # of a list that a sender gives; more are not looked at
CHINA = timezone(timedelta(hours=8), "UTC+8")  # the clouds there tell local times without a zone
# A macro that the sender could not resolve stays as it was written, or becomes such a word.
_UNRESOLVED = re.compile(r"\{[A-Z$#][A-Z0-9_.$#:\"]*\}|\*[A-Z]+\*|null|NULL|None|undefined")
_NO_NAME = re.compile(r"\W+")


class Given:
    """An object as it was sent. Asking for anything else than an object gives an empty one."""

    def __init__(self, value: Any) -> None:
        self._fields: dict[str, Any] = value if isinstance(value, dict) else {}

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def text(self, *names: str, limit: int = MAX_VALUE) -> str:
        """The first of these fields that says something, without white space around it."""
        for name in names:
            if found := plain(self._fields.get(name), limit):
                return found
        return ""

    def under(self, *names: str) -> Given:
        """The first of these fields that is an object, or one written as JSON text."""
        for name in names:
            value = self._fields.get(name)
            found = Given(_unpacked(value) if isinstance(value, str) else value)
            if found:
                return found
        return Given(None)

    def entries(self, name: str) -> list[Given]:
        """The objects of a list, which may be written as JSON text too."""
        value = self._fields.get(name)
        found = _unpacked(value) if isinstance(value, str) else value
        return [Given(one) for one in found[:MAX_ENTRIES]] if isinstance(found, list) else []

    def texts(self) -> Iterator[tuple[str, str]]:
        """All fields that say something, those of inner objects too, by their last name."""
        for name, value in self._fields.items():
            if isinstance(value, dict):
                yield from ((n, t) for n, v in value.items() if (t := plain(v)))
            elif found := plain(value):
                yield name, found

    def moment(self, *names: str, zone: tzinfo = UTC) -> datetime | None:
        """The first of these fields that is a time; one without a zone is in `zone`."""
        return next((m for name in names if (m := moment(self.text(name), zone))), None)


def plain(value: Any, limit: int = MAX_VALUE) -> str:
    """A text, a number or a truth value as text; empty for everything else."""
    found = text_at(value, limit=limit)
    return "" if _UNRESOLVED.fullmatch(found) else found


def moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """A time in ISO 8601, in a Unix time, or as `2026.11.24 09:30:05`; None when it is none."""
    if text.count(".") >= 2:  # as Zabbix writes dates
        text = text.replace(".", "-", 2)
    found = moment_at(text)
    return found.replace(tzinfo=zone) if found is not None and found.tzinfo is None else found


def labels_of(
    first: Mapping[str, str], more: Iterator[tuple[str, str]] | None = None
) -> dict[str, str]:
    """Labels of `first`, then of `more` where there is room and the name is not taken.

    Empty ones are left out. Names of `more` become words that matchers can be written with.
    """
    labels = dict(first)
    for given, text in more or ():
        name = _NO_NAME.sub("_", given).strip("_")[:MAX_NAME]
        if name and len(labels) < 2 * MAX_LABELS and not labels.get(name):
            labels[name] = text
    return filled(labels)


def notes_of(**texts: str) -> dict[str, str]:
    """Annotations, without the empty ones."""
    return notes(texts)


def in_words(*parts: str) -> str:
    """The parts that say something, one after the other."""
    return " ".join(part for part in parts if part)


def _unpacked(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
