"""Which firing alerts mute others: found by the labels that must agree, not by trying all."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.model.alert import Alert
from core.model.matcher import Matcher


class Inhibition(msgspec.Struct, frozen=True):
    """A firing `source` mutes `target` where the `equal` labels agree."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def values(self, labels: dict[str, str]) -> tuple[str, ...]:
        """What must be equal; a label that is missing counts as empty."""
        return tuple(labels.get(name, "") for name in self.equal)


class Inhibitors:
    """The firing alerts that match a source, by rule and equal values. Changed by the fold only."""

    def __init__(self, rules: tuple[Inhibition, ...]) -> None:
        self.rules = rules
        self._sources: list[dict[tuple[str, ...], dict[str, Alert]]] = [{} for _ in rules]

    def add(self, alert: Alert) -> None:
        """It fires, with these labels."""
        for rule, sources in zip(self.rules, self._sources, strict=True):
            if all(m.matches(alert.labels) for m in rule.source):
                sources.setdefault(rule.values(alert.labels), {})[alert.id] = alert

    def remove(self, alert: Alert) -> None:
        """It fires no more, or its labels are about to change."""
        for rule, sources in zip(self.rules, self._sources, strict=True):
            values = rule.values(alert.labels)
            same = sources.get(values)
            if same is not None and same.pop(alert.id, None) is not None and not same:
                del sources[values]

    def of(self, number: int, labels: dict[str, str]) -> Iterable[Alert]:
        """The sources of the rule `number` that agree with `labels`, in the order they began."""
        return self._sources[number].get(self.rules[number].values(labels), {}).values()
