"""What the rules say of one event. The decide loop asks this of every event without a name.

Lines of a log come with the names of the rules that hold on them: they were found when the line
was read, before its secrets were masked. All other events are tried here, on their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from core.config.rules import Rule
from core.model.event import Event, Severity, normalise_severity
from core.rule.pattern import Condition
from core.rule.scanner import RuleScanner, one_line, rule_applies
from core.rule.shorten import shorten

SUMMARY_MAX = 500
_PLACE = re.compile(r"\{([^{}\s]+)\}")
_DEFAULT_SEVERITY = "warning"


class RuleMatch(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that holds on an event, with all that the alert takes from the rule.

    fingerprint_values: what tells the rule's alerts from one another, in a fixed order.
    by: what the rule's condition over time looks at apart; None: what tells its alerts apart.
    clears: the event ends the rule's alerts instead of raising one.
    """

    rule: str
    labels: dict[str, str]
    fingerprint_values: tuple[str, ...]
    severity: Severity
    summary: str
    by: tuple[str, ...] | None = None
    clears: bool = False
    annotations: dict[str, str] = {}
    links: dict[str, str] = {}


class Evaluator:
    """Compiled rules, callable on an event. Immutable, and safe to use from several threads.

    An event that both fires and clears a rule clears it. Disabled rules never match.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        enabled = [rule for rule in rules if rule.enabled]
        self._rules = {rule.name: rule for rule in enabled}
        self._scanner = RuleScanner(enabled)
        self._of_labels = [rule for rule in enabled if rule.match is None]
        self._ends = {
            rule.name: Condition(rule.resolve.match)
            for rule in self._of_labels
            if rule.resolve.match is not None
        }

    def __call__(self, event: Event) -> list[RuleMatch]:
        """The rules that hold on `event`, those that clear first."""
        text = _text_of(event)
        fires: Sequence[str] = event.rules
        clears: Sequence[str] = event.clears
        if not event.source.startswith("log:"):
            fires, clears = self._try(event.labels, text)
        names = [(name, True) for name in clears]
        names += [(name, False) for name in fires if name not in clears]
        return [
            self._match(event, text, self._rules[name], clears=ends)
            for name, ends in names
            if name in self._rules
        ]

    def _try(self, labels: dict[str, str], text: str) -> tuple[list[str], list[str]]:
        fires, clears = (
            [name for name in names if rule_applies(self._rules[name], labels)]
            for names in self._scanner.match_text(text)
        )
        line = one_line(text)
        for rule in self._of_labels:
            if rule_applies(rule, labels):
                end = self._ends.get(rule.name)
                (clears if end is not None and end.holds(line) else fires).append(rule.name)
        return fires, clears

    def _fields(self, name: str, text: str, *, clears: bool) -> dict[str, str]:
        if clears and name in self._ends:
            return self._ends[name].fields(one_line(text))
        return self._scanner.fields(name, text, clears=clears)

    def _match(self, event: Event, text: str, rule: Rule, *, clears: bool) -> RuleMatch:
        fields = self._fields(rule.name, text, clears=clears)
        values = {**event.labels, **rule.labels, **fields}
        labels = {**event.labels, **rule.labels}
        by = rule.for_.by
        labels.update((n, fields[n]) for n in (*rule.fingerprint, *by) if n in fields)
        word = _fill(rule.severity, values)
        if _PLACE.search(word):  # the line did not say how bad it is
            word = _DEFAULT_SEVERITY
        severity = normalise_severity(word)
        if word != severity and not clears:
            labels["severity_raw"] = word
        summary = rule.summary or rule.annotations.get("summary", "")
        return RuleMatch(
            rule=rule.name,
            labels=labels,
            fingerprint_values=_identity(rule, event.labels, values),
            by=tuple(values.get(name, "") for name in by) if by else None,
            severity=severity,
            summary=shorten(_fill(summary, values) or text, SUMMARY_MAX),
            clears=clears,
            annotations={k: _fill(v, values) for k, v in rule.annotations.items()},
            links={"runbook": rule.runbook} if rule.runbook else {},
        )


def _text_of(event: Event) -> str:
    notes = event.annotations
    said = (notes.get("summary"), notes.get("description"))
    return event.body or " ".join(part for part in said if part)


def _fill(template: str, values: Mapping[str, str]) -> str:
    """`{name}` replaced by its value; names without a value stay as they are written."""
    return _PLACE.sub(lambda m: values.get(m[1], m[0]), template)


def _identity(rule: Rule, labels: dict[str, str], values: dict[str, str]) -> tuple[str, ...]:
    if rule.fingerprint:
        return tuple(values.get(name, "") for name in rule.fingerprint)
    # How bad it is may change while the alert stays the same.
    told = {k: v for k, v in labels.items() if k[:8] != "severity"}
    told.update((name, values.get(name, "")) for name in rule.for_.by)
    return tuple(f"{k}\x01{v}" for k, v in sorted(told.items()))
