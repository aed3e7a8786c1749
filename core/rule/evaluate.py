"""What the rules say of one event. The decide loop asks this of every event without a name.

Lines of a log come with the names of the rules that hold on them: they were found when the line
was read, before its secrets were masked. All other events are tried here, on their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from core.config.rules import Rule
from core.model.event import Event, Severity
from core.rule.extract import extractor_of
from core.rule.pattern import Condition
from core.rule.says import Says
from core.rule.scanner import RuleScanner, one_line
from core.rule.where import Where


class RuleMatch(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that holds on an event, with all that the alert takes from the rule.

    fingerprint_values: what tells the rule's alerts from one another, in a fixed order.
    by_template: the line's template tells them apart as well.
    by: what the rule's condition over time looks at apart; None: what tells its alerts apart.
    value: of the field that the condition watches; None when the event has none.
    values: labels and fields, for templates that are filled in once more is known.
    clears: the event ends the rule's alerts instead of raising one.
    """

    rule: str
    labels: dict[str, str]
    fingerprint_values: tuple[str, ...]
    severity: Severity
    by_template: bool = False
    by: tuple[str, ...] | None = None
    value: str | None = None
    values: dict[str, str] = {}
    clears: bool = False
    annotations: dict[str, str] = {}
    links: dict[str, str] = {}


class _Known:
    """A rule, compiled."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.where = Where(rule)
        self.says = Says(rule)
        self._match = Condition(rule.match)
        self._end = Condition(rule.resolve.match) if rule.resolve.match is not None else None
        self._extract = extractor_of(rule.fields) if rule.fields is not None else None

    def ends(self, line: bytes) -> bool:
        """Whether the line ends the rule's alerts."""
        return self._end is not None and self._end.holds(line)

    def fields(self, line: bytes, *, clears: bool = False) -> dict[str, str]:
        """All that the rule pulls from a line; named groups of what matched come first."""
        condition = self._end if clears and self._end is not None else self._match
        caught = condition.fields(line)
        return {**self._extract(line), **caught} if self._extract is not None else caught


class Evaluator:
    """Compiled rules, callable on an event. Immutable, and safe to use from several threads.

    An event that both fires and clears a rule clears it. Disabled rules never match.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        enabled = [rule for rule in rules if rule.enabled]
        self._rules = {rule.name: _Known(rule) for rule in enabled}
        self._scanner = RuleScanner(enabled)
        self._of_labels = [self._rules[rule.name] for rule in enabled if rule.match is None]

    def __call__(self, event: Event) -> list[RuleMatch]:
        """The rules that hold on `event`, those that clear first."""
        text = _text_of(event)
        line = one_line(text)
        fires: Sequence[str] = event.rules
        clears: Sequence[str] = event.clears
        if not event.source.startswith("log:"):
            fires, clears = self._try(event.labels, text, line)
        names = [(name, True) for name in clears]
        names += [(name, False) for name in fires if name not in clears]
        return [
            self._matched(event, text, self._rules[name], line, clears=ends)
            for name, ends in names
            if name in self._rules
        ]

    def _try(self, labels: dict[str, str], text: str, line: bytes) -> tuple[list[str], list[str]]:
        found, ended = self._scanner.match_text(text)
        clears = [name for name in ended if self._rules[name].where.holds_at_end(labels)]
        fires = [name for name in found if _fits(self._rules[name], labels, line)]
        for known in self._of_labels:
            if known.ends(line):
                if known.where.holds_at_end(labels):
                    clears.append(known.rule.name)
            elif _fits(known, labels, line):
                fires.append(known.rule.name)
        return fires, clears

    def _matched(
        self, event: Event, text: str, known: _Known, line: bytes, *, clears: bool
    ) -> RuleMatch:
        rule = known.rule
        fields = known.fields(line, clears=clears)
        labels = {**event.labels, **rule.labels}
        if rule.owner:
            labels.setdefault("owner", rule.owner)
        values = {**labels, **fields}
        shown = (*rule.fingerprint, *rule.by, *([rule.watched] if rule.watched else []))
        labels.update((n, fields[n]) for n in shown if n in fields)
        said = known.says(values, text)
        if said.word != said.severity and not clears:
            labels["severity_raw"] = said.word
        return RuleMatch(
            rule=rule.name,
            labels=labels,
            fingerprint_values=_identity(rule, event.labels, values),
            by_template=_by_template(rule),
            by=_apart(rule, event.labels, values),
            value=values.get(rule.watched),
            values=values,
            severity=said.severity,
            clears=clears,
            annotations=said.annotations,
            links=said.links,
        )


def _fits(known: _Known, labels: Mapping[str, str], line: bytes) -> bool:
    where = known.where
    if not where.admits(labels):
        return False
    return not where.needs_line or where.holds(labels, known.fields(line))


def _text_of(event: Event) -> str:
    notes = event.annotations
    said = (notes.get("summary"), notes.get("description"))
    return event.body or " ".join(part for part in said if part)


def _by_template(rule: Rule) -> bool:
    """A rule that names no fields has an alert for each kind of line that it matches. One that
    looks over time has one alert: what it counts are lines of any kind."""
    return rule.match is not None and not rule.fingerprint and rule.over_time is None


def _identity(rule: Rule, labels: dict[str, str], values: dict[str, str]) -> tuple[str, ...]:
    if rule.fingerprint:
        return tuple(values.get(name, "") for name in rule.fingerprint)
    told = {name: values.get(name, "") for name in (*rule.by, rule.watched) if name}
    return _all({**labels, **told})


def _all(labels: dict[str, str]) -> tuple[str, ...]:
    # How bad it is may change while the alert stays the same.
    return tuple(f"{k}\x01{v}" for k, v in sorted(labels.items()) if k[:8] != "severity")


def _apart(rule: Rule, labels: dict[str, str], values: dict[str, str]) -> tuple[str, ...] | None:
    """What the rule's condition over time looks at apart; None: what tells its alerts apart."""
    if rule.by or rule.absence or rule.new_value:
        return tuple(values.get(name, "") for name in rule.by)
    if rule.change is None:
        return None
    # Its alerts are told apart by the value too, which is what is compared here.
    return tuple(values.get(n, "") for n in rule.fingerprint if n != rule.watched) or _all(labels)
