"""The histories of all fingerprints that cleared or are damped. Part of the fold; no I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from core.decide.history import UNDAMPED, Damping, Flapping, History
from core.decide.signal import Signal
from core.decide.state import State
from core.model.alert import Alert

_DAMPED_KEPT = timedelta(days=1)
_LOOKED_AT = 500  # at once
MAX = 100_000


class Histories:
    """Keeps them in the fold's state, those that were touched last at the end."""

    def __init__(self, flapping: Flapping, dampings: tuple[Damping, ...], state: State) -> None:
        self._flapping = flapping
        self._dampings = dampings
        self._state = state

    def damping(self, labels: dict[str, str]) -> Damping:
        """The first damping that fits; by default every signal counts."""
        return next(
            (d for d in self._dampings if all(m.matches(labels) for m in d.matchers)), UNDAMPED
        )

    def of(self, fingerprint: str) -> History | None:
        """What is known of a fingerprint."""
        return self._state.histories.get(fingerprint)

    def take(self, signal: Signal, alert: Alert | None, now: datetime, *, firing: bool) -> None:
        """Note what a signal says. Of what fires for the first time, undamped, nothing is kept."""
        damping = self.damping(alert.labels if alert else signal.labels)
        history = self._state.histories.pop(signal.fingerprint, None)
        if history is None:
            if damping is UNDAMPED and (firing or alert is None or not self._flapping.enabled):
                return
            history = History(firing=alert is not None)
        history.take(firing, now.timestamp(), damping, self._flapping)
        self._keep(signal.fingerprint, history)

    def ended(self, alert: Alert, now: datetime) -> None:
        """An episode is over, whoever ended it."""
        history = self._state.histories.pop(alert.fingerprint, None)
        if history is None:
            if not self._flapping.enabled:
                return
            history = History(firing=True)
        history.confirmed = False
        if history.firing:  # it fell silent: that is a change as well
            history.take(False, now.timestamp(), UNDAMPED, self._flapping)
        self._keep(alert.fingerprint, history)

    def starts_flapping(self, alert: Alert, now: datetime) -> bool:
        """Whether an alert that begins is flapping."""
        history = self.of(alert.fingerprint)
        return history is not None and history.flaps(now.timestamp(), self._flapping)

    def calm_at(self, alert: Alert) -> datetime | None:
        """When a flapping alert is calm, if nothing changes."""
        history = self.of(alert.fingerprint)
        if not alert.flapping or history is None or not history.changes:
            return None
        return datetime.fromtimestamp(history.changes[-1], alert.first_seen.tzinfo) + (
            self._flapping.calm
        )

    def review(self, now: datetime) -> None:
        """Forget what does not matter any more."""
        histories = self._state.histories
        kept = max(self._flapping.within, self._flapping.calm)
        for key in list(islice(histories, _LOOKED_AT)):
            history = histories[key]
            age = now.timestamp() - history.touched
            if age < kept.total_seconds():
                break
            damped = len(history.seen) > 1 and age < _DAMPED_KEPT.total_seconds()
            if damped or key in self._state.by_fingerprint:
                histories[key] = histories.pop(key)
            else:
                self._drop(key)

    def _keep(self, fingerprint: str, history: History) -> None:
        self._state.histories[fingerprint] = history
        self._state.changes.histories.add(fingerprint)
        while len(self._state.histories) > MAX:
            self._drop(next(iter(self._state.histories)))

    def _drop(self, fingerprint: str) -> None:
        del self._state.histories[fingerprint]
        self._state.changes.histories.add(fingerprint)
