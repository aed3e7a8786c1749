"""How bad it is, when the settings know better than the source."""

from __future__ import annotations

import msgspec

from core.decide.route import Route
from core.decide.signal import Signal
from core.model.event import Severity, normalise_severity
from core.model.matcher import Matcher


class Regrade(msgspec.Struct, frozen=True):
    """Alerts that fit all matchers are as severe as this. number: its place in the settings."""

    number: int
    matchers: tuple[Matcher, ...]
    severity: Severity


def regraded(signal: Signal, regrades: tuple[Regrade, ...], route: Route | None) -> Signal:
    """The signal with the severity that the settings want.

    The first regrade that fits sets the label too, so that routes, silences and inhibitions see
    it; the source's own word stays in severity_raw. A route below `route` grades what it takes
    afterwards, and leaves the label alone: the route was found by it.
    """
    labels = signal.labels
    found = regrade_of(labels, regrades)
    severity = found.severity if found else signal.severity
    if found is not None and labels.get("severity") != severity:
        said = labels.get("severity_raw") or labels.get("severity", "")
        labels = {**labels, "severity": severity, "severity_raw": said}
    if route is not None:
        severity = route.matching(labels)[0].severity or severity
    if severity == signal.severity and labels is signal.labels:
        return signal
    return msgspec.structs.replace(signal, severity=severity, labels=labels)


def regrade_of(labels: dict[str, str], regrades: tuple[Regrade, ...]) -> Regrade | None:
    """The first that fits the labels as the source gave them."""
    said = labels.get("severity_raw")
    original = {**labels, "severity": normalise_severity(said)} if said else labels
    return next((r for r in regrades if all(m.matches(original) for m in r.matchers)), None)
