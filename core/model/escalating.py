"""How far an incident's escalation has come, and what marks a message of one."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Escalating(msgspec.Struct, kw_only=True):
    """An incident on its way through the steps of a policy.

    step: the index of the next one; as many as there are stands for the fallback. due_at: when;
    None while someone works on it, and after the last. waits: its step is due, but nobody may be
    told of the alerts (silence, maintenance, …). paused: it was acknowledged.
    """

    incident: int
    policy: str
    cycle: int = 0
    step: int = 0
    due_at: datetime | None
    waits: bool = False
    paused: bool = False


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """The mark of a notification of an escalation.

    step: from 1; 0 is the fallback. cycle: from 1. mention: people and `@schedule`s as the policy
    names them, resolved when it is sent. by: who asked for it, empty when its time had come.
    """

    policy: str
    step: int
    steps: int
    cycle: int
    mention: tuple[str, ...] = ()
    by: str = ""
