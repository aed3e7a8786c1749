"""Signal: what one event says about one alert. Events become signals before they are decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from core.decide.fingerprint import fingerprint, name_from_text, of_event, of_template
from core.model.event import API_V2, Event, Severity, normalise_severity
from core.rule.log_template import Template


class RuleMatched(Protocol):
    """What the rule room says of an event and one rule (core.rule.evaluate.RuleMatch)."""

    @property
    def rule(self) -> str: ...
    @property
    def labels(self) -> dict[str, str]: ...
    @property
    def fingerprint_values(self) -> tuple[str, ...]: ...
    @property
    def by_template(self) -> bool: ...
    @property
    def by(self) -> tuple[str, ...] | None: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def value(self) -> str | None: ...
    @property
    def values(self) -> dict[str, str]: ...
    @property
    def clears(self) -> bool: ...
    @property
    def annotations(self) -> dict[str, str]: ...
    @property
    def links(self) -> dict[str, str]: ...


Evaluate = Callable[[Event], Iterable[RuleMatched]]
FindTemplate = Callable[[str], Template]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One alert begins, goes on, or ends. `clears_rule`: ends the rule's alerts that fit.

    key: what the rule's condition over time looks at apart, by: the values that make it;
    value: of the field it watches. values: of labels and fields, for templates.
    keyed: its sender gave a dedup_key, which stands. identified_by: what the fingerprint is made
    of, for people.
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
    by: tuple[str, ...] = ()
    value: str | None = None
    values: dict[str, str] = {}
    keyed: bool = False
    identified_by: str = ""
    links: dict[str, str] = {}
    clears_rule: bool = False


def signals_of(event: Event, evaluate: Evaluate, template_of: FindTemplate) -> list[Signal]:
    """What an event says: by the rules it matched, or by itself when it names its alert.

    A log line without a rule never got here; any other event without a name and without a rule
    is an alert named after its text. Where nothing else tells which alert a text is of, its
    template does.
    """
    if "alertname" in event.labels and not event.source.startswith("log:"):
        return [_of_itself(event, event.labels)]
    text = _text(event)
    matches = list(evaluate(event))
    if matches:
        wanted = text and not event.dedup_key and any(m.by_template for m in matches)
        template = template_of(text) if wanted else None
        return [_of_rule(event, m, template if m.by_template else None) for m in matches]
    if event.source.startswith("log:"):
        return []
    template = template_of(text) if text else None
    name = template.name if template is not None else name_from_text(event.dedup_key)
    return [_of_itself(event, {**event.labels, "alertname": name}, template)]


def _text(event: Event) -> str:
    notes = event.annotations
    return notes.get("summary") or event.body or notes.get("description", "")


def _of_itself(event: Event, labels: dict[str, str], template: Template | None = None) -> Signal:
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
    key = of_event(event, known_by)
    told_apart = event.dedup_key or event.fingerprint or event.source == API_V2
    if template is not None and not told_apart:
        key = of_template(template.id, {k: v for k, v in known_by.items() if k != "alertname"})
        annotations = {"template": template.text, **annotations}
    return Signal(
        fingerprint=key,
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


def _of_rule(event: Event, match: RuleMatched, template: Template | None) -> Signal:
    labels = {**match.labels, "alertname": match.rule, "severity": match.severity}
    key = (
        fingerprint("dedup_key", event.dedup_key)
        if event.dedup_key
        else fingerprint("rule", match.rule, *match.fingerprint_values)
    )
    annotations = {**event.annotations, **match.annotations}
    if template is not None:
        key = fingerprint("template", template.id, key)
        annotations = {"template": template.text, **annotations}
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
        value=match.value,
        values=match.values,
        keyed=bool(event.dedup_key),
        identified_by="dedup_key" if event.dedup_key else f"rule {match.rule}",
        key=key if match.by is None else fingerprint(*match.by),
        by=match.by or (),
        links={**event.links, **match.links},
        clears_rule=match.clears,
    )
