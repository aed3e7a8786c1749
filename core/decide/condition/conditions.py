"""The conditions of all rules with what they remember: the fold asks here.

Whether a rule is in force is asked here too: outside its schedule it neither counts nor raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from core.clock import from_unix
from core.config.rules import Rule
from core.config.units import format_duration
from core.decide.condition.absence import Absence
from core.decide.condition.change import Change
from core.decide.condition.condition import Condition, Match, Missed
from core.decide.condition.frequency import Frequency
from core.decide.condition.memory import Memory
from core.decide.condition.new_value import NewValue
from core.decide.condition.spike import Spike
from core.decide.fingerprint import fingerprint
from core.decide.policy import Policy
from core.decide.signal import Signal
from core.decide.state import State
from core.rule.says import Says
from core.text import say

# A pause between two looks that is longer was no pause of ours: a stop, or the clock was set.
_GAP = 10.0
_EVERY = timedelta(seconds=1)
_FACTS = {"count", "previous", "for"}


def condition_of(rule: Rule) -> Condition | None:
    """A rule's condition over time; None when each match speaks for itself."""
    if rule.spike is not None:
        return Spike(rule.spike, rule.by)
    if rule.absence is not None:
        return Absence(rule.absence, rule.by)
    if rule.new_value is not None:
        return NewValue(rule.new_value, rule.by)
    if rule.change is not None:
        return Change(rule.change, rule.by)
    return Frequency(rule.for_, rule.by) if rule.over_time is not None else None


class Conditions:
    """One for each fold. What rules remember lives in the fold's state, by name of the rule.

    A memory goes on while its rule's condition stays the same: through restarts, and through
    rules that are loaded anew.
    """

    def __init__(self, policy: Policy, state: State, *, gaps: bool = True) -> None:
        """gaps: whether a long time without a look is one in which nobody looked; a replay goes
        from line to line, and misses nothing in between."""
        self._policy = policy
        self._state = state
        made = ((name, condition_of(rule)) for name, rule in policy.rules.items())
        self._conditions = {name: condition for name, condition in made if condition is not None}
        self._says = {name: Says(policy.rules[name]) for name in self._conditions}
        self._gaps = gaps
        self._heard: datetime | None = None
        self._looked: datetime | None = None
        self._idle: set[str] = set()  # rules that were not in force when looked last
        for name, memory in list(state.memories.items()):
            condition = self._conditions.get(name)
            if condition is None or condition.params != memory.params:
                del state.memories[name]
                state.changes.dropped_memories.add(name)

    def of_other_rules(self, policy: Policy) -> Conditions:
        """Those of another set of rules, which go on from here without a gap."""
        made = Conditions(policy, self._state, gaps=self._gaps)
        made._heard, made._looked, made._idle = self._heard, self._looked, self._idle
        return made

    def heard(self, accepted_at: datetime) -> None:
        """An event comes to be folded; all that was accepted before it has been."""
        self._heard = accepted_at

    def judge(self, signal: Signal, accepted_at: datetime, now: datetime) -> Signal | None:
        """What a rule's match comes to: the signal to decide on, or None for nothing (yet)."""
        at = min(signal.at, now)
        if not self._in_force(signal.rule, at):
            return None
        condition = self._conditions.get(signal.rule)
        if condition is None:
            return signal
        self._look(now)
        memory = self._state.memories[signal.rule]
        match = Match(
            key=signal.key,
            at=at.timestamp(),
            accepted=min(accepted_at, now).timestamp(),
            by=signal.by,
            value=signal.value,
            repeats=self._repeats(signal.fingerprint),
        )
        spoken = condition.seen(match, memory)
        self._note(signal.rule, memory)
        if spoken is None:
            return None
        if spoken.ends:
            key = _of_missed(signal.rule, signal.key)
            if key not in self._state.by_fingerprint:
                return None
            return msgspec.structs.replace(signal, fingerprint=key, status="resolved")
        return self._with_facts(signal, spoken.facts)

    def tick(self, now: datetime) -> list[Signal]:
        """Take note that time has passed: what was missed."""
        self._look(now)
        upto = self._upto(now)
        self._heard = None
        signals: list[Signal] = []
        for name, condition in self._conditions.items():
            if condition.watches_time and name not in self._idle:
                memory = self._state.memories[name]
                missed = condition.missed(memory, upto.timestamp())
                signals += self._said_of(name, missed, min(upto, now))
                self._note(name, memory)
        return signals

    def review(self, now: datetime) -> None:
        """Forget what does not matter any more, and keep how far was looked."""
        upto = self._upto(now).timestamp()
        for name, condition in self._conditions.items():
            memory = self._state.memories.get(name)
            if memory is None:
                continue
            for key in _past(condition, memory, upto):
                memory.drop(key)
            self._note(name, memory)
            if condition.watches_time:
                self._state.changes.memories.add(name)

    def next_due(self) -> datetime | None:
        """When `tick` has something to say next, as far as is known."""
        if self._looked is None:
            return None
        dues: list[datetime] = []
        for name, condition in self._conditions.items():
            if not condition.watches_time:
                continue
            due = condition.next_due(self._state.memories[name])
            if due is not None and name not in self._idle:
                dues.append(from_unix(due))
            if (schedule := self._policy.schedules.get(name)) is not None:
                dues.append(max(schedule.next_change(self._looked), self._looked + _EVERY))
        return min(dues, default=None)

    def _upto(self, now: datetime) -> datetime:
        """Up to when all has been seen: while events wait, up to the one folded last."""
        return min(self._heard or now, now)

    def _look(self, now: datetime) -> None:
        """Begin memories, and tell those that time matters to when nobody looked for a while.

        Outside a rule's schedule nobody looks.
        """
        if self._looked is not None and timedelta(0) <= now - self._looked < _EVERY:
            return
        first, self._looked = self._looked is None, now
        at, idle = now.timestamp(), self._idle
        self._idle = {name for name in self._policy.schedules if not self._in_force(name, now)}
        for name, condition in self._conditions.items():
            memory = self._state.memories.get(name)
            new = memory is None
            if memory is None:
                memory = self._state.memories[name] = Memory(condition.params, at, at)
                self._state.changes.memories.add(name)
            # What was in force until now was looked at until now.
            if condition.watches_time and not (name in idle and name in self._idle):
                gap = at - memory.looked
                if name in idle or (self._gaps and not 0 <= gap <= _GAP):
                    condition.unseen(memory, gap, at)
                    self._state.changes.memories.add(name)
                memory.looked = at
            if new or first:
                condition.begun(memory, at)
            self._note(name, memory)

    def _in_force(self, rule: str, at: datetime) -> bool:
        schedule = self._policy.schedules.get(rule)
        return schedule is None or schedule.contains(at)

    def _repeats(self, key: str) -> int:
        known = self._state.by_fingerprint.get(key)
        return self._state.alerts[known].count if known else 0

    def _with_facts(self, signal: Signal, facts: dict[str, str]) -> Signal:
        says = self._says[signal.rule]
        if not says.mentions(_FACTS):
            return signal
        # The rule has a summary of its own, or the line is the summary as it was.
        text = signal.annotations.get("summary", "")
        said = says({**facts, **signal.values}, text).annotations
        return msgspec.structs.replace(signal, annotations={**signal.annotations, **said})

    def _said_of(self, name: str, missed: Iterable[Missed], at: datetime) -> list[Signal]:
        """An alert for each that was missed, labelled by what the rule asks for and the key."""
        rule = self._policy.rules[name]
        asked = {m.name: m.value for m in rule.matchers if m.op == "="}
        signals = []
        for one in missed:
            by = {k: v for k, v in zip(rule.by, one.by, strict=False) if v}
            labels = {**asked, **rule.labels, **by}
            if rule.owner:
                labels.setdefault("owner", rule.owner)
            duration = format_duration(rule.absence.for_) if rule.absence else ""
            what = ", ".join([name, *(f"{k}={v}" for k, v in by.items())])
            text = say("absence.summary", self._policy.language, duration=duration, what=what)
            said = self._says[name]({"for": duration, **labels}, text)
            labels |= {"alertname": name, "severity": said.severity}
            if said.word != said.severity:
                labels["severity_raw"] = said.word
            signals.append(
                Signal(
                    fingerprint=_of_missed(name, one.key),
                    status="firing",
                    at=at,
                    labels=labels,
                    annotations=said.annotations,
                    severity=said.severity,
                    source="rule",
                    rule=name,
                    keyed=True,  # what is seen again must find it
                    identified_by=f"rule {name}",
                    links=said.links,
                )
            )
        return signals

    def _note(self, rule: str, memory: Memory) -> None:
        if memory.dirty:
            self._state.changes.windows.update((rule, key) for key in memory.dirty)
            memory.dirty.clear()


def _of_missed(rule: str, key: str) -> str:
    """The fingerprint of the alert on something that was not seen."""
    return fingerprint("absence", rule, key)


def _past(condition: Condition, memory: Memory, upto: float) -> list[str]:
    """Keys that do not matter any more. Those touched first stand first."""
    keys = []
    for key, slot in memory.slots.items():
        if not condition.is_past(slot, upto):
            break
        keys.append(key)
    return keys
