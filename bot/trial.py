"""Rules tried on events in memory: what they would raise, and when it would end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from core.config.rules import Rule
from core.config.settings import LogSource, Settings
from core.decide.fold import Fold
from core.decide.policy import make_policy
from core.decide.state import State
from core.intake.lines import readable
from core.intake.multiline import joiner_of
from core.model.alert import Alert
from core.model.event import Event
from core.redact import redact
from core.rule import Evaluator, RuleScanner

_STEP = timedelta(seconds=1)


class Trial:
    """One run of a clock that only these events move. Nothing is stored, sent or counted.

    alerts: what was raised so far, by id, in order; each as it is by now.
    """

    def __init__(self, settings: Settings, rules: Sequence[Rule], start: datetime) -> None:
        self.now = start
        self.alerts: dict[str, Alert] = {}
        self.evaluate = Evaluator(rules)
        policy = make_policy(settings.model_copy(update={"rules": list(rules)}))
        self._fold = Fold(policy, State(), self.evaluate, gaps=False)
        self._fold.counts = False
        self._rules = rules
        self._fold.tick(start)

    def pass_time(self, to: datetime) -> None:
        """Let everything happen that is due until then."""
        while (due := self._fold.next_due()) is not None and due <= to:
            moment = due if due > self.now else self.now + _STEP
            if moment > to:
                break
            self.now = moment
            self._fold.tick(moment)
            self._note()
        self.now = max(self.now, to)
        self._fold.tick(self.now)
        self._note()

    def take(self, event: Event) -> None:
        """An event that happens now."""
        self._fold.event(event, self.now, self.now)
        self._note()

    def events_of(self, text: str, log: LogSource) -> list[Event]:
        """What the lines of a log come to: an event for each that a rule speaks of."""
        raw = text.encode("utf-8", "replace")
        lines, _bad = readable(raw if raw.endswith(b"\n") else raw + b"\n", "utf-8")
        joined, joiner = lines, joiner_of(log)
        if joiner is not None:
            lines, joined = joiner.join(lines)
        return [
            Event(
                source=f"log:{log.name}",
                occurred_at=self.now,
                labels=log.labels,
                body=redact(lines[hit.offset : hit.offset + len(hit.line)].decode()),
                rules=hit.rules,
                clears=hit.clears,
            )
            for hit in RuleScanner.for_labels(self._rules, log.labels).scan(joined)
        ]

    def _note(self) -> None:
        self.alerts.update(self._fold.state.take_changes().alerts)


class Raised(msgspec.Struct, frozen=True):
    """An alert that would have been raised."""

    rule: str
    alert: str
    status: str
    severity: str
    labels: dict[str, str]
    annotations: dict[str, str]
    count: int
    first_seen: datetime
    last_seen: datetime
    ends_at: datetime | None


def raised(alert: Alert) -> Raised:
    """What is told of an alert of a trial."""
    return Raised(
        alert.rule,
        alert.name,
        alert.status,
        alert.severity,
        alert.labels,
        alert.annotations,
        alert.count,
        alert.first_seen,
        alert.last_seen,
        alert.ends_at if alert.status == "resolved" else None,
    )
