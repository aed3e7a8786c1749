"""Signal: what one event says about one alert. Events become signals before they are decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from core.decide.fingerprint import fingerprint, name_from_text, of_event
from core.model.event import API_V2, Event, Severity, normalise_severity


class RuleMatched(Protocol):
    """What the rule room says of an event and one rule (core.rule.evaluate.RuleMatch)."""

    @property
    def rule(self) -> str: ...
    @property
    def labels(self) -> dict[str, str]: ...
    @property
    def fingerprint_values(self) -> tuple[str, ...]: ...
    @property
    def by(self) -> tuple[str, ...] | None: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def values(self) -> dict[str, str]: ...
    @property
    def clears(self) -> bool: ...
    @property
    def annotations(self) -> dict[str, str]: ...
    @property
    def links(self) -> dict[str, str]: ...


Evaluate = Callable[[Event], Iterable[RuleMatched]]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One alert begins, goes on, or ends. `clears_rule`: ends the rule's alerts that fit.

    key: what the rule's condition over time looks at apart. values: of its labels and fields.
    key: what the rule's condition over time looks at apart. keyed: its sender gave a dedup_key,
    which stands. identified_by: what the fingerprint is made of, for people.
    """

    fingerprint: str
    status: Literal["firing", "resolved"]
    at: datetime
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    severity: Severity = "info"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    source: str = ""
    rule: str = ""
    key: str = ""
    values: dict[str, str] = {}
    keyed: bool = False
    identified_by: str = ""
    links: dict[str, str] = {}
    clears_rule: bool = False


def signals_of(event: Event, evaluate: Evaluate) -> list[Signal]:
    """What an event says: by the rules it matched, or by itself when it names its alert.

    A log line without a rule never got here; any other event without a name and without a rule
    is an alert named after its text.
    """
    if "alertname" in event.labels and not event.source.startswith("log:"):
        return [_of_itself(event, event.labels)]
    matches = list(evaluate(event))
    if matches:
        return [_of_rule(event, m) for m in matches]
    if event.source.startswith("log:"):
        return []
    text = event.annotations.get("summary") or event.body or event.dedup_key
    return [_of_itself(event, {**event.labels, "alertname": name_from_text(text)})]


def _of_itself(event: Event, labels: dict[str, str]) -> Signal:
    word = event.severity or labels.get("severity", "")
    severity = normalise_severity(word)
    # The source's labels, not ours: the severity may change while the alert stays the same.
    known_by = {k: v for k, v in labels.items() if k[:8] != "severity"}
    if event.source == API_V2:
        known_by = event.labels  # there the labels are the alert, and come back as they were sent
    elif labels.get("severity", severity) != severity:
        labels = {**labels, "severity": severity, "severity_raw": word}
    elif "severity" not in labels:
        labels = {**labels, "severity": severity}
    annotations = event.annotations
    if event.body and "summary" not in annotations:
        annotations = {**annotations, "summary": event.body[:500]}
    return Signal(
        fingerprint=of_event(event, known_by),
        status=event.status,
        at=event.occurred_at,
        labels=labels,
        annotations=annotations,
        severity=severity,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        source=event.source,
        keyed=bool(event.dedup_key),
        identified_by="dedup_key"
        if event.dedup_key
        else "source"
        if event.fingerprint
        else "labels",
        links=event.links,
    )


def _of_rule(event: Event, match: RuleMatched) -> Signal:
    labels = {**match.labels, "alertname": match.rule, "severity": match.severity}
    key = (
        fingerprint("dedup_key", event.dedup_key)
        if event.dedup_key
        else fingerprint("rule", match.rule, *match.fingerprint_values)
    )
    annotations = {**event.annotations, **match.annotations}
    if event.body:
        annotations["log"] = event.body[:2000]
    return Signal(
        fingerprint=key,
        status="resolved" if match.clears or event.status == "resolved" else "firing",
        at=event.occurred_at,
        labels=labels,
        annotations=annotations,
        severity=match.severity,
        source=event.source,
        rule=match.rule,
        values=match.values,
        keyed=bool(event.dedup_key),
        identified_by="dedup_key" if event.dedup_key else f"rule {match.rule}",
        key=key if match.by is None else fingerprint(*match.by),
        links={**event.links, **match.links},
        clears_rule=match.clears,
    )
