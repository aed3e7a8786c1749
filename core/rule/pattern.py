"""One entry of a rule, a literal or a pattern, and conditions made of entries."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import re2

from core.config.matching import Match
from core.rule.bounds import fit


class Pattern:
    """A literal, case-sensitive, or `re:` and an RE2 pattern. It is tried on single lines."""

    def __init__(self, entry: str) -> None:
        self.entry = entry
        self.literal: bytes | None = None
        self.expression = ""
        self._regex: Any = None
        if entry.startswith("re:"):
            self.expression = entry[3:]
            self._regex = re2.compile(self.expression)
        else:
            self.literal = entry.encode("utf-8", "surrogatepass")

    def holds(self, line: bytes) -> bool:
        """Whether the line, valid UTF-8 without its end, contains this."""
        if self.literal is not None:
            return self.literal in line
        return self._regex.search(line) is not None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of its groups."""
        return tuple(self._regex.groupindex) if self._regex is not None else ()

    def fields(self, line: bytes) -> dict[str, str]:
        """What the named groups caught; groups that took no part are left out."""
        if not self.names or (found := self._regex.search(line)) is None:
            return {}
        return {
            name: fit(value.decode("utf-8", "replace"))
            for name in self.names
            if (value := found[name]) is not None
        }


class Condition:
    """any: at least one; all: every one; none: not a single one. Without a match all lines fit."""

    def __init__(self, match: Match | None) -> None:
        match = match or Match.model_construct()
        self.any = tuple(map(Pattern, match.any))
        self.all = tuple(map(Pattern, match.all))
        self.none = tuple(map(Pattern, match.none))

    @property
    def triggers(self) -> tuple[Pattern, ...]:
        """Entries of which at least one is on every line that fits; the rarer, the better."""
        if not self.all:
            return self.any
        literals = [p for p in self.all if p.literal is not None]
        return (max(literals, key=lambda p: len(p.entry)) if literals else self.all[0],)

    def holds(self, line: bytes) -> bool:
        """Whether the line fits."""
        return (
            (not self.any or _one_holds(self.any, line))
            and all(p.holds(line) for p in self.all)
            and not (self.none and _one_holds(self.none, line))
        )

    def fields(self, line: bytes) -> dict[str, str]:
        """Named groups of all entries that must be there; the first that caught one counts."""
        found: dict[str, str] = {}
        for pattern in (*self.any, *self.all):
            for name, value in pattern.fields(line).items():
                found.setdefault(name, value)
        return found


def _one_holds(patterns: Iterable[Pattern], line: bytes) -> bool:
    return any(p.holds(line) for p in patterns)
