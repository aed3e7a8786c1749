"""Any sender's JSON: POST /hooks/generic/{name}, read by the hook's mapping or by a best guess."""

from __future__ import annotations

import time
from collections.abc import Mapping as Names
from datetime import datetime
from typing import Any, Literal

from jmespath.exceptions import JMESPathTypeError

from core.config.mapping import FAILURES, Expression, Mapping, word_of
from core.errors import InvalidInput
from core.intake.guess import entries_of, guess
from core.intake.normalise import (
    MAX_BODY,
    MAX_NOTE,
    MAX_VALUE,
    MAX_WORD,
    MOMENTARY,
    Unusable,
    as_object,
    as_text,
    key_of,
    load,
    past,
    sane,
    sort_out,
    web_links,
)
from core.intake.parsed import Parsed
from core.intake.reading import at, filled, moment_at, notes
from core.intake.request import HookRequest
from core.intake.status_words import status_of
from core.model.event import Event

MAX_ENTRIES = 10_000  # in one body
BUDGET = 2.0  # seconds that the expressions of one body may take together
# Where an entry keeps the labels that it has from the body around it, for when it comes again.
_COMMON = "tocsin.common"


def parse(request: HookRequest, source: str, now: datetime, mapping: Mapping | None) -> Parsed:
    """The alerts of one body. InvalidInput when it has no entries, or too much to read."""
    body = load(request.body)
    if mapping is None:
        entries = _few(list(entries_of(body)))
        return sort_out(entries, lambda value, path: _guessed(value, path, source, now))
    reader = _Reader(mapping, source, now)
    return sort_out(_few(reader.entries(body, again=request.entry)), reader.read)


def _few(entries: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    if len(entries) > MAX_ENTRIES:
        raise InvalidInput(f"the body has {len(entries)} entries; send at most {MAX_ENTRIES}")
    return entries


def _guessed(value: Any, path: str, source: str, now: datetime) -> Event:
    found = guess(as_object(value, path or "body"), path)
    resolved = found.status == "resolved"
    begin = past(found.starts_at, now)
    end = now + MOMENTARY if found.momentary else None
    if resolved:
        end = past(found.ends_at, now) or now
    return Event(
        source,
        end if resolved and end else begin or now,
        found.labels,
        found.annotations,
        found.severity,
        found.status,
        dedup_key=found.dedup_key,
        starts_at=begin,
        ends_at=end,
        links=found.links,
    )


class _Reader:
    """Reads entries of one body by a mapping, within BUDGET."""

    def __init__(self, mapping: Mapping, source: str, now: datetime) -> None:
        self._mapping = mapping
        self._source = source
        self._now = now
        self._until = time.monotonic() + BUDGET

    def entries(self, body: Any, *, again: bool) -> list[tuple[str, Any]]:
        """The entries with their paths.

        again: the body is an entry that was rejected. It was cut out by the mapping of that day:
        where today's `items` finds nothing in it, it is one entry.
        """
        mapping = self._mapping
        found = body
        if mapping.items is not None:
            found = self._find(mapping.items, body, "items")
            if found is None and again:
                found = body
        if not isinstance(found, list | dict):
            what = mapping.items.text if mapping.items else "the body"
            raise InvalidInput(f"items: {what} is neither a list nor an object")
        common = self._texts(mapping.common, body, "common", MAX_VALUE)
        if isinstance(found, dict):
            return [("", _within(found, common))]
        if mapping.items is None:
            raise InvalidInput("the body is a list; the mapping has no `items` (use `@`)")
        return [(f"items[{i}]", _within(one, common)) for i, one in enumerate(found)]

    def read(self, value: Any, path: str) -> Event | None:
        """The event of an entry; None when its status is one to ignore."""
        mapping, now = self._mapping, self._now
        prefix = f"{path}." if path else ""
        status = self._status(value, f"{prefix}status")
        if status is None:
            return None
        labels = self._texts(mapping.labels, value, f"{prefix}labels", MAX_VALUE)
        name = mapping.labels.get("alertname")
        if name is not None and not labels.get("alertname"):
            raise Unusable("missing", f"{prefix}labels.alertname", f"{name.text} finds nothing")
        if not labels:
            raise Unusable("missing", f"{prefix}labels", "no expression finds anything")
        begin = past(self._moment(mapping.starts_at, value, f"{prefix}starts_at"), now)
        end = self._end(status, value, f"{prefix}ends_at")
        word = self._word(mapping.severity, value, f"{prefix}severity")
        common = at(value, _COMMON)
        return Event(
            self._source,
            end if status == "resolved" and end else begin or now,
            filled({**(common if isinstance(common, dict) else {}), **labels}),
            notes(self._texts(mapping.annotations, value, f"{prefix}annotations", MAX_NOTE)),
            mapping.severities.get(word_of(word), word),
            status,
            dedup_key=key_of(self._text(mapping.dedup_key, value, f"{prefix}dedup_key", MAX_BODY)),
            starts_at=begin,
            ends_at=end,
            links=web_links(**self._texts(mapping.links, value, f"{prefix}links", MAX_VALUE)),
        )

    def _status(self, value: Any, path: str) -> Literal["firing", "resolved"] | None:
        word = self._word(self._mapping.status, value, path)
        if not word:
            return "firing"  # what speaks at all has something to say
        known = self._mapping.statuses.get(word_of(word)) or status_of(word)
        if known is None:
            raise Unusable("bad_value", path, f"{word!r} does not stand in mapping.statuses")
        return None if known == "ignore" else known

    def _end(self, status: str, value: Any, path: str) -> datetime | None:
        """When it ended; what tells no status ends as it foresees, or by itself."""
        told = sane(self._moment(self._mapping.ends_at, value, path))
        if status == "resolved":
            return min(told or self._now, self._now)
        if self._mapping.status is not None:
            return None
        return told or self._now + MOMENTARY

    def _moment(self, expression: Expression | None, value: Any, path: str) -> datetime | None:
        return moment_at({"at": self._value(expression, value, path)}, "at")

    def _word(self, expression: Expression | None, value: Any, path: str) -> str:
        return self._text(expression, value, path, MAX_WORD).strip()

    def _texts(
        self, expressions: Names[str, Expression], value: Any, path: str, limit: int
    ) -> dict[str, str]:
        """Each name whose expression finds something."""
        found = {
            name: self._text(expression, value, f"{path}.{name}", limit)
            for name, expression in expressions.items()
        }
        return {name: text for name, text in found.items() if text}

    def _text(self, expression: Expression | None, value: Any, path: str, limit: int) -> str:
        found = self._value(expression, value, path)
        if isinstance(found, list):
            found = ",".join(as_text(one, path, limit) for one in found[:MAX_WORD])
        return as_text(found, path, limit)

    def _value(self, expression: Expression | None, value: Any, path: str) -> Any:
        return None if expression is None else self._find(expression, value, path)

    def _find(self, expression: Expression, value: Any, path: str) -> Any:
        if time.monotonic() > self._until:
            raise InvalidInput(f"reading the body by the mapping takes over {BUDGET:g} s")
        try:
            return expression.find(value)
        except JMESPathTypeError as error:
            why = f"{error.function_name}() cannot take this {error.actual_type}"
        except FAILURES as error:
            why = type(error).__name__  # its text may hold the sender's whole value
        raise Unusable("bad_type", path, f"{expression.text} cannot be evaluated: {why}")


def _within(entry: Any, common: dict[str, str]) -> Any:
    return {**entry, _COMMON: common} if common and isinstance(entry, dict) else entry
