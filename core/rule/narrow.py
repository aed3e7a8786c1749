"""`where` on fields, for the lines of one source: fields are pulled only from lines that match."""

from __future__ import annotations

from collections.abc import Mapping

from core.config.rules import Rule
from core.rule.extract import Extractor, extractor_of
from core.rule.pattern import Condition
from core.rule.where import Where

Taken = dict[Extractor, dict[str, str]]


class Narrow:
    """A rule's `where` that speaks of fields, on lines of a source with these labels."""

    def __init__(self, rule: Rule, where: Where, labels: Mapping[str, str]) -> None:
        self._where = where
        self._labels = labels
        self._extract = extractor_of(rule.fields) if rule.fields is not None else None

    def holds(self, line: bytes, condition: Condition, taken: Taken) -> bool:
        """Whether the line fits. taken: what was pulled from it so far, by form."""
        fields: dict[str, str] = {}
        if self._extract is not None:
            if self._extract not in taken:
                taken[self._extract] = self._extract(line)
            fields = taken[self._extract]
        return self._where.holds(self._labels, {**fields, **condition.fields(line)})
