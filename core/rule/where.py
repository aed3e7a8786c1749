"""A rule's `where`: conditions on labels, and on fields of the line. A field hides a label."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.config.rules import Rule
from core.model.matcher import Matcher
from core.rule.pattern import Pattern

# Texts that stand in a line as they are, whatever form the line has.
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]+|[0-9]+")
EVERY_LINE = Pattern("re:")


class Where:
    """What is missing counts as empty, as in Alertmanager."""

    def __init__(self, rule: Rule) -> None:
        self._matchers = rule.matchers
        self._any_field = rule.fields is not None
        self._named = frozenset(_groups(rule))

    def admits(self, labels: Mapping[str, str]) -> bool:
        """Whether a line of a source with these labels may fit."""
        return all(m.matches(labels) for m in self._matchers if not self._may_be_field(m))

    @property
    def needs_line(self) -> bool:
        """Whether labels alone do not tell."""
        return any(map(self._may_be_field, self._matchers))

    def holds(self, labels: Mapping[str, str], fields: Mapping[str, str]) -> bool:
        """Whether a line with these fields fits."""
        values = {**labels, **fields} if fields else labels
        return all(m.matches(values) for m in self._matchers)

    def holds_at_end(self, labels: Mapping[str, str]) -> bool:
        """Whether a line that ends alerts is of the right source. Its fields may well differ:
        what recovers speaks in another tone."""
        return all(
            m.matches(labels)
            for m in self._matchers
            if m.name in labels or not self._may_be_field(m)
        )

    def triggers(self, labels: Mapping[str, str]) -> tuple[Pattern, ...]:
        """Texts of which at least one is on every line that fits; else every line is to be tried.

        For rules that have no `match`.
        """
        for matcher in self._matchers:
            if matcher.name in labels or matcher.op not in {"=", "=~"}:
                continue
            words = matcher.value.split("|") if matcher.op == "=~" else [matcher.value]
            if all(map(_WORD.fullmatch, words)):
                return tuple(map(Pattern, words))
        return (EVERY_LINE,)

    def _may_be_field(self, matcher: Matcher) -> bool:
        return self._any_field or matcher.name in self._named


def _groups(rule: Rule) -> set[str]:
    entries = (*rule.match.any, *rule.match.all) if rule.match is not None else ()
    return {name for entry in entries for name in Pattern(entry).names}
