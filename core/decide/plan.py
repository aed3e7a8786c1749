"""An escalation policy as the fold follows it: steps with their channels, and the waits between."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from core.config.escalation import EscalationPolicy
from core.config.settings import Settings

_FALLBACK_AFTER = timedelta(minutes=5)


class PlanStep(msgspec.Struct, frozen=True):
    """notify: names for people; channels: where to; both empty for those of the route."""

    after: timedelta
    notify: tuple[str, ...]
    channels: tuple[str, ...]
    mention: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True):
    """fallback: the receiver of a critical incident after the last step, with its channels."""

    name: str
    steps: tuple[PlanStep, ...]
    repeat: int
    fallback: PlanStep

    def wait(self, cycle: int, step: int) -> timedelta:
        """How long step `step` of cycle `cycle` comes after what is before it."""
        if step >= len(self.steps):
            return self.fallback.after
        if step > 0:
            return self.steps[step].after - self.steps[step - 1].after
        if cycle > 0:
            return self.steps[0].after or self.fallback.after
        return self.steps[0].after

    def following(self, cycle: int, step: int) -> tuple[int, int]:
        """The cycle and step after these; after the last one the fallback, for ever."""
        if step + 1 < len(self.steps):
            return cycle, step + 1
        if step < len(self.steps) and cycle < self.repeat:
            return cycle + 1, 0
        return cycle, len(self.steps)


def plans_of(settings: Settings, top_receiver: str) -> dict[str, Plan]:
    """The policies of the settings by name. top_receiver: who is told when nobody else is."""
    receivers = {r.name: tuple(r.channels) for r in settings.receivers}

    def channels(names: list[str]) -> tuple[str, ...]:
        found = [c for name in names for c in receivers.get(name, (name,))]
        return tuple(dict.fromkeys(found))

    def plan(policy: EscalationPolicy) -> Plan:
        steps = tuple(
            PlanStep(s.after, tuple(s.notify), channels(s.notify), tuple(s.mention))
            for s in policy.steps
        )
        waits = [s.after for s in steps]
        last = waits[-1] - (waits[-2] if len(waits) > 1 else timedelta(0))
        after = policy.fallback_after if policy.fallback_after is not None else last
        fallback = policy.fallback or top_receiver
        names = [fallback] if fallback else []
        told = PlanStep(after or _FALLBACK_AFTER, tuple(names), channels(names), ())
        return Plan(policy.name, steps, policy.repeat, told)

    return {policy.name: plan(policy) for policy in settings.escalation}
