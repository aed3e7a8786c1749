"""What the conditions of rules remember, in the database."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from core.decide.condition.memory import Memory, Slot
from core.decide.state import Changes, State
from core.store import schema
from core.store.rows import from_row

_rules, _windows = schema.rule_memories.c, schema.rule_windows.c
_FORGET = delete(schema.rule_windows).where(
    _windows.rule == bindparam("gone_rule"), _windows.key == bindparam("gone_key")
)


class MemoryRows(msgspec.Struct, frozen=True):
    """One commit's part. dropped: rules whose memory begins anew; gone: keys of windows."""

    rules: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    dropped: list[str]
    gone: list[dict[str, Any]]


def load_memories(connection: Connection) -> dict[str, Memory]:
    """By name of the rule; in each, what was touched lately stands last."""
    memories = {
        row.rule: from_row(Memory, row) for row in connection.execute(select(schema.rule_memories))
    }
    stored = select(schema.rule_windows).order_by(_windows.touched, _windows.key)
    for row in connection.execute(stored):
        memories[row.rule].slots[row.key] = msgspec.json.decode(row.slot, type=Slot)
    return memories


def memory_rows(state: State, changes: Changes) -> MemoryRows:
    """Rows of what changed in what the rules remember."""
    rules = [
        {"rule": name, "params": memory.params, "since": memory.since, "looked": memory.looked}
        for name in changes.memories
        if (memory := state.memories.get(name))
    ]
    windows, gone = [], []
    for rule, key in changes.windows:
        found = state.memories.get(rule)
        slot = found.slots.get(key) if found else None
        if slot is None:
            gone.append({"gone_rule": rule, "gone_key": key})
            continue
        text = msgspec.json.encode(slot).decode()
        windows.append({"rule": rule, "key": key, "touched": slot.touched, "slot": text})
    return MemoryRows(rules, windows, list(changes.dropped_memories), gone)


def forget(connection: Connection, rows: MemoryRows) -> None:
    """Delete what is remembered no more; before what is new is written."""
    for name in rows.dropped:
        connection.execute(delete(schema.rule_windows).where(_windows.rule == name))
        connection.execute(delete(schema.rule_memories).where(_rules.rule == name))
    if rows.gone:
        connection.execute(_FORGET, rows.gone)
