"""The conditions of all rules with what they remember: the fold asks here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.config.rules import Rule
from core.decide.condition.condition import Condition, Match
from core.decide.condition.frequency import Frequency
from core.decide.condition.memory import Memory
from core.decide.signal import Signal
from core.decide.state import State


def condition_of(rule: Rule) -> Condition | None:
    """A rule's condition over time; None when each match speaks for itself."""
    return Frequency(rule.for_) if rule.for_.count > 1 else None


class Conditions:
    """One for each fold. What rules remember lives in the fold's state, by name of the rule.

    A memory goes on while its rule's condition stays the same: through restarts, and through
    rules that are loaded anew.
    """

    def __init__(self, rules: Mapping[str, Rule], state: State) -> None:
        self._state = state
        made = ((name, condition_of(rule)) for name, rule in rules.items())
        self._conditions = {name: condition for name, condition in made if condition is not None}
        self._heard: datetime | None = None
        for name, memory in list(state.memories.items()):
            condition = self._conditions.get(name)
            if condition is None or condition.params != memory.params:
                del state.memories[name]
                state.changes.dropped_memories.add(name)

    def heard(self, accepted_at: datetime) -> None:
        """All that was accepted before this moment has been folded."""
        self._heard = accepted_at

    def judge(self, signal: Signal, accepted_at: datetime, now: datetime) -> Signal | None:
        """What a rule's match comes to: the signal to decide on, or None for not yet."""
        condition = self._conditions.get(signal.rule)
        if condition is None:
            return signal
        memory = self._memory(signal.rule, condition, now)
        match = Match(
            key=signal.key,
            at=min(signal.at, now).timestamp(),
            accepted=accepted_at.timestamp(),
            repeats=self._repeats(signal.fingerprint),
        )
        facts = condition.seen(match, memory)
        self._note(signal.rule, memory)
        return None if facts is None else signal

    def review(self, now: datetime) -> None:
        """Forget what does not matter any more."""
        upto = min(self._heard or now, now).timestamp()
        self._heard = None
        for name, memory in self._state.memories.items():
            condition = self._conditions[name]
            for key in [k for k, slot in memory.slots.items() if condition.is_past(slot, upto)]:
                memory.drop(key)
            self._note(name, memory)

    def _repeats(self, fingerprint: str) -> int:
        known = self._state.by_fingerprint.get(fingerprint)
        return self._state.alerts[known].count if known else 0

    def _memory(self, rule: str, condition: Condition, now: datetime) -> Memory:
        memory = self._state.memories.get(rule)
        if memory is None:
            memory = Memory(condition.params, now.timestamp())
            self._state.memories[rule] = memory
            self._state.changes.memories.add(rule)
        return memory

    def _note(self, rule: str, memory: Memory) -> None:
        self._state.changes.windows.update((rule, key) for key in memory.dirty)
        memory.dirty.clear()
