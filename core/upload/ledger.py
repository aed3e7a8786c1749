"""The uploads table as a state machine; every function runs in the caller's transaction.

pending ⇄ uploading → succeeded | failed | canceled; a finished row that is wanted again gets its
next turn and is pending once more. A task carries its turn, so that one which was overtaken does
nothing. Each step is one statement that happens only from the states it is allowed from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, insert, select, update

from core.ids import uuid7
from core.model.upload import Upload, UploadState
from core.store.database import next_number
from core.store.rows import from_row, to_row
from core.store.schema import uploads as table
from core.upload.roots import Promise

UNFINISHED: tuple[UploadState, ...] = ("pending", "uploading")
CHANGED = "changed"
"""The stage of a canceled upload whose file was rewritten: not a person's wish, so the same
version may be promised again."""


class Turn(msgspec.Struct, frozen=True):
    """An upload and which of its turns it is."""

    upload: Upload
    turn: int


def get(tx: Connection, number: int) -> Turn | None:
    """`UPL-<number>`."""
    return _one(tx, select(table).where(table.c.number == number))


def by_id(tx: Connection, id_: str) -> Turn | None:
    """The upload a task is about."""
    return _one(tx, select(table).where(table.c.id == id_))


def settled(tx: Connection, promise: Promise) -> Upload | None:
    """The upload that answers this promise already; None when a new one is needed.

    It does not when the file was rewritten and then put back: what stands under the key, or is on
    its way there, is the other version.
    """
    known = same(tx, promise)
    if known is None:
        return None
    if known.upload.state in UNFINISHED:
        return known.upload
    newest = _one(
        tx,
        select(table)
        .where(table.c.source == promise.source, table.c.path == promise.path)
        .order_by(table.c.updated_at.desc(), table.c.number.desc())
        .limit(1),
    )
    overtaken = newest is not None and newest.upload.id != known.upload.id
    put_back = known.upload.state == "canceled" and known.upload.stage == CHANGED
    return None if overtaken or put_back else known.upload


def same(tx: Connection, promise: Promise) -> Turn | None:
    """The row of exactly this version of the file."""
    query = select(table).where(
        table.c.source == promise.source,
        table.c.path == promise.path,
        table.c.version == promise.version,
    )
    return _one(tx, query)


def waiting(tx: Connection, source: str) -> int:
    """How many uploads of `source` wait or run."""
    query = select(func.count()).where(table.c.source == source, table.c.state.in_(UNFINISHED))
    return int(tx.execute(query).scalar() or 0)


def promise(tx: Connection, wanted: Promise, now: datetime) -> Turn:
    """A pending row for this version of the file; versions that still wait give way to it."""
    older = and_(
        table.c.source == wanted.source,
        table.c.path == wanted.path,
        table.c.version != wanted.version,
        table.c.state == "pending",
    )
    tx.execute(update(table).where(older).values(**_ended("canceled", CHANGED, now)))
    known = same(tx, wanted)
    if known is not None:
        tx.execute(update(table).where(table.c.id == known.upload.id).values(node=wanted.node))
        return again(tx, known, now)
    upload = Upload(
        id=uuid7(),
        number=next_number(tx, "UPL"),
        created_at=now,
        updated_at=now,
        **msgspec.to_builtins(wanted),
    )
    tx.execute(insert(table).values(**to_row(upload), turn=1))
    return Turn(upload, 1)


def again(tx: Connection, known: Turn, now: datetime, turn: int | None = None) -> Turn:
    """Pending once more, from the first attempt: in its next turn, unless `turn` is given."""
    fresh = {
        "turn": known.turn + 1 if turn is None else turn,
        "state": "pending",
        "stage": "queued",
        "attempts": 0,
        "error": "",
        "etag": "",
        "finished_at": None,
        "updated_at": now,
    }
    tx.execute(update(table).where(table.c.id == known.upload.id).values(**fresh))
    return _sure(by_id(tx, known.upload.id))


def begin(tx: Connection, known: Turn, wanted: Promise, now: datetime) -> Upload | None:
    """An attempt begins, towards where the settings say now; None when it was canceled."""
    changes = {
        "state": "uploading",
        "stage": "sending",
        "attempts": known.upload.attempts + 1,
        "target": wanted.target,
        "key": wanted.key,
        "updated_at": now,
    }
    done = tx.execute(update(table).where(_open(known)).values(**changes)).rowcount
    return _sure(by_id(tx, known.upload.id)).upload if done else None


def wait(tx: Connection, known: Turn, error: str, now: datetime) -> bool:
    """An attempt failed and another will follow; False when it is not wanted any more."""
    changes = {"state": "pending", "stage": "retrying", "error": error, "updated_at": now}
    return bool(tx.execute(update(table).where(_open(known)).values(**changes)).rowcount)


def show_stage(tx: Connection, known: Turn, stage: str, now: datetime) -> None:
    """Where a running attempt is."""
    tx.execute(update(table).where(_open(known)).values(stage=stage, updated_at=now))


def finish(
    tx: Connection,
    known: Turn,
    state: UploadState,
    stage: str,
    now: datetime,
    *,
    error: str = "",
    etag: str = "",
) -> Upload | None:
    """The upload's end; None when it had ended already (canceled meanwhile)."""
    changes = {**_ended(state, stage, now), "error": error, "etag": etag}
    done = tx.execute(update(table).where(_open(known)).values(**changes)).rowcount
    return _sure(by_id(tx, known.upload.id)).upload if done else None


def failures(tx: Connection, source: str, target: str) -> int:
    """How many uploads of `source` to `target` failed since the last that succeeded."""
    ended = and_(table.c.source == source, table.c.target == target)
    last = tx.execute(
        select(table.c.finished_at)
        .where(ended, table.c.state == "succeeded")
        .order_by(table.c.finished_at.desc())
        .limit(1)
    ).scalar()
    query = select(func.count()).where(ended, table.c.state == "failed")
    if last is not None:
        query = query.where(table.c.finished_at > last)
    return int(tx.execute(query).scalar() or 0)


def failed_numbers(tx: Connection, since: datetime | None) -> list[int]:
    """The uploads that failed since a moment, oldest first."""
    query = select(table.c.number).where(table.c.state == "failed").order_by(table.c.number)
    if since is not None:
        query = query.where(table.c.finished_at >= since)
    return [int(number) for number in tx.execute(query).scalars()]


def _open(known: Turn) -> Any:
    return and_(
        table.c.id == known.upload.id,
        table.c.turn == known.turn,
        table.c.state.in_(UNFINISHED),
    )


def _ended(state: UploadState, stage: str, now: datetime) -> dict[str, Any]:
    return {"state": state, "stage": stage, "updated_at": now, "finished_at": now}


def _one(tx: Connection, query: Select[Any]) -> Turn | None:
    row: Row[Any] | None = tx.execute(query).first()
    return None if row is None else Turn(from_row(Upload, row), row.turn)


def _sure(found: Turn | None) -> Turn:
    assert found is not None, "a row that was just written is there"
    return found
