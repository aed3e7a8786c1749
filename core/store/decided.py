"""The fold's state in the database: loaded at start, written with the cursor in one commit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from sys import intern
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from core.decide.history import History
from core.decide.pipeline import HELD
from core.decide.state import REOPEN_WITHIN, Changes, Group, State
from core.model.alert import Alert
from core.model.decision import StageVerdict
from core.model.escalating import Escalating
from core.model.incident import Incident
from core.model.shared import shared, shared_stages
from core.model.silence import Silence
from core.model.work import Work
from core.rule.log_template import Template, Templates
from core.store import outbox, schema
from core.store.database import last_number
from core.store.memories import MemoryRows, forget, load_memories, memory_rows
from core.store.outbox import Defer
from core.store.rows import from_row, from_rows, to_row

T = TypeVar("T")
_FOLD = "fold"


def folded(connection: Connection) -> int:
    """The last journal row that was folded; 0 when none was."""
    query = select(schema.checkpoints.c.seq).where(schema.checkpoints.c.name == _FOLD)
    return int(connection.execute(query).scalar() or 0)


def load_state(connection: Connection, now: datetime) -> tuple[State, int]:
    """What the fold must remember, and the last journal row it has folded."""
    seq = folded(connection)
    state = State(counters={k: last_number(connection, k) for k in ("ALT", "INC", "SIL")})
    groups = {g.key: g for g in from_rows(Group, connection.execute(select(schema.groups)))}
    for row in connection.execute(select(schema.group_members)):
        groups[row.group_key].members[intern(row.alert)] = intern(row.told)
    for group in groups.values():
        state.keep_group(group)
    for alert in _alerts(connection):
        state.keep(alert)
    i = schema.incidents
    lately = or_(
        i.c.status != "resolved",
        i.c.held,
        i.c.resolved_at > now - REOPEN_WITHIN,
        i.c.number.in_(select(schema.groups.c.incident)),  # whose end is still to be told
    )
    for row in connection.execute(select(i).where(lately).order_by(i.c.number)):
        state.keep_incident(from_row(Incident, row))
    for row in connection.execute(
        select(schema.silences).where(schema.silences.c.ends_at > now).order_by("number")
    ):
        state.silences.append(from_row(Silence, row))
    for row in connection.execute(select(schema.escalations)):
        state.escalating[row.incident] = from_row(Escalating, row)
    for row in connection.execute(select(schema.throttles)):
        state.throttles[row.receiver] = row.told
    state.memories = load_memories(connection)
    for row in connection.execute(select(schema.histories).order_by(schema.histories.c.touched)):
        state.histories[row.fingerprint] = from_row(History, row)
    state.templates = load_templates(connection)
    for alert_id, record in connection.execute(_LAST_STAGES):
        stages = state.stages[intern(alert_id)] = shared_stages(_read_stages(record))
        last = stages[-1]
        if (
            state.alerts[alert_id].status == "firing"
            and last.verdict == "suppressed"
            and last.stage not in HELD  # that one waits in its group
        ):
            state.suppressed[alert_id] = None
    return state, seq


_a, _d = schema.alerts, schema.decisions
# Those that fire, and those of which a group is still to be told that they ended.
_KNOWN = or_(_a.c.status == "firing", _a.c.id.in_(select(schema.group_members.c.alert)))
_later = _d.alias("later")
_LAST = (
    select(func.max(_later.c.seq)).where(_later.c.alert == _a.c.id).correlate(_a).scalar_subquery()
)
_LAST_STAGES = (
    select(_a.c.id, cast(_d.c.stages, Text)).join_from(_a, _d, _d.c.seq == _LAST).where(_KNOWN)
)


_read_stages = msgspec.json.Decoder(tuple[StageVerdict, ...]).decode


def _alerts(connection: Connection) -> Iterator[Alert]:
    rows = connection.execute(select(_a).where(_KNOWN).order_by(_a.c.number))
    for alert in from_rows(Alert, rows):
        alert.labels, alert.annotations = shared(alert.labels), shared(alert.annotations)
        alert.id, alert.identified_by = intern(alert.id), intern(alert.identified_by)
        alert.source, alert.rule = intern(alert.source), intern(alert.rule)
        yield alert


class Batch(msgspec.Struct, frozen=True):
    """One commit's rows, taken from the fold before the writer thread runs."""

    seq: int
    alerts: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    members: list[dict[str, Any]]
    gone_members: list[dict[str, Any]]
    dropped_groups: list[str]
    histories: list[dict[str, Any]]
    gone_histories: list[str]
    escalations: list[dict[str, Any]]
    gone_escalations: list[int]
    throttles: list[dict[str, Any]]
    memories: MemoryRows
    templates: list[dict[str, Any]]
    gone_templates: list[str]
    silences: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    notifications: list[dict[str, Any]]
    tasks: list[Work]
    counters: dict[str, int]


def make_batch(state: State, changes: Changes, seq: int) -> Batch:
    """Rows of what changed, fixed now: the fold may go on while they are written."""
    return Batch(
        seq=seq,
        alerts=[to_row(a) for a in changes.alerts.values()],
        incidents=[to_row(i) for i in changes.incidents.values()],
        groups=[_group_row(state.groups[k]) for k in changes.groups if k in state.groups],
        members=[
            {"group_key": key, "alert": alert, "told": told}
            for (key, alert), told in changes.members.items()
            if told is not None
        ],
        gone_members=[
            {"gone_key": key, "gone_alert": alert}
            for (key, alert), told in changes.members.items()
            if told is None
        ],
        dropped_groups=[k for k in changes.dropped_groups if k not in state.groups],
        histories=[
            {"fingerprint": k, **to_row(state.histories[k])}
            for k in changes.histories
            if k in state.histories
        ],
        gone_histories=list(changes.histories - state.histories.keys()),
        escalations=[
            to_row(state.escalating[n]) for n in changes.escalations if n in state.escalating
        ],
        gone_escalations=[n for n in changes.escalations if n not in state.escalating],
        throttles=[{"receiver": r, "told": state.throttles[r]} for r in changes.throttles],
        memories=memory_rows(state, changes),
        templates=[to_row(t) for i in changes.templates if (t := state.templates.get(i))],
        gone_templates=[i for i in changes.templates if state.templates.get(i) is None],
        silences=[to_row(s) for s in changes.silences],
        decisions=[to_row(d) for d in changes.decisions],
        timeline=[{"incident": n, **to_row(entry)} for n, entry in changes.timeline],
        notifications=[to_row(n) for n in changes.notifications],
        tasks=changes.tasks,
        counters=dict(state.counters),
    )


def _group_row(group: Group) -> dict[str, Any]:
    row = msgspec.structs.asdict(group)
    del row["members"]  # rows of their own: a group may have very many
    return row


_members = schema.group_members.c
_LEAVE = delete(schema.group_members).where(
    _members.group_key == bindparam("gone_key"), _members.alert == bindparam("gone_alert")
)


def save(connection: Connection, batch: Batch, defer: Defer) -> None:
    """Write a batch and the cursor; tasks are deferred in the same transaction."""
    _upsert(connection, schema.alerts, "id", batch.alerts)
    _upsert(connection, schema.incidents, "id", batch.incidents)
    _upsert(connection, schema.groups, "key", batch.groups)
    _upsert(connection, schema.group_members, "group_key,alert", batch.members)
    if batch.gone_members:
        connection.execute(_LEAVE, batch.gone_members)
    forget(connection, batch.memories)
    _upsert(connection, schema.rule_memories, "rule", batch.memories.rules)
    _upsert(connection, schema.rule_windows, "rule,key", batch.memories.windows)
    _upsert(connection, schema.log_templates, "id", batch.templates)
    _delete(connection, schema.log_templates.c.id, batch.gone_templates)
    _upsert(connection, schema.silences, "id", batch.silences)
    _upsert(connection, schema.histories, "fingerprint", batch.histories)
    _upsert(connection, schema.throttles, "receiver", batch.throttles)
    _delete(connection, schema.histories.c.fingerprint, batch.gone_histories)
    _delete(connection, schema.groups.c.key, batch.dropped_groups)
    _upsert(connection, schema.escalations, "incident", batch.escalations)
    _delete(connection, schema.escalations.c.incident, batch.gone_escalations)
    if batch.decisions:
        connection.execute(insert(schema.decisions), batch.decisions)
    if batch.timeline:
        connection.execute(insert(schema.timeline), batch.timeline)
    works = outbox.add(connection, batch.notifications)
    defer(connection, [*works, *batch.tasks])
    counters = [{"kind": kind, "value": value} for kind, value in batch.counters.items()]
    _upsert(connection, schema.counters, "kind", counters)
    _upsert(connection, schema.checkpoints, "name", [{"name": _FOLD, "seq": batch.seq}])


def load_templates(connection: Connection) -> Templates:
    """The log templates, as they were committed last."""
    rows = connection.execute(select(schema.log_templates))
    return Templates(from_row(Template, row) for row in rows)


def load_incident(connection: Connection, number: int) -> tuple[Incident | None, list[Alert]]:
    """An incident the fold has forgotten, with its alerts that still fire."""
    row = connection.execute(
        select(schema.incidents).where(schema.incidents.c.number == number)
    ).first()
    if row is None:
        return None, []
    firing = connection.execute(
        select(schema.alerts).where(
            schema.alerts.c.incident == number, schema.alerts.c.status == "firing"
        )
    )
    return from_row(Incident, row), [from_row(Alert, r) for r in firing]


def _upsert(connection: Connection, table: Table, key: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        statement = _upsert_of(table, key, tuple(rows[0]), connection.dialect.name)
        connection.execute(statement, rows)


@cache
def _upsert_of(table: Table, key: str, columns: tuple[str, ...], dialect: str) -> Executable:
    """Kept, since making one takes longer than running it."""
    statement = (upsert_postgresql if dialect == "postgresql" else upsert_sqlite)(table)
    keys = key.split(",")
    changed = {c: statement.excluded[c] for c in columns if c not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _delete(connection: Connection, column: Column[T], keys: list[T]) -> None:
    for start in range(0, len(keys), 500):
        some = column.in_(keys[start : start + 500])
        connection.execute(delete(column.table).where(some))
