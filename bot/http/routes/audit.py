"""The audit log."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection

from bot.http.listing import Listing
from bot.http.route import Call, Route
from bot.http.views import Moment, PageOf, page_of
from core.clock import iso
from core.model.audit import AuditEntry
from core.store import queries
from core.store.queries import Page

LISTING = Listing(statuses=("ok", "denied", "failed"))


class AuditView(msgspec.Struct, frozen=True):
    """Who did what, from where, and what came of it."""

    at: Moment
    by: str
    via: str
    action: str
    object: str
    outcome: Literal["ok", "denied", "failed"]
    detail: str


def _view(entry: AuditEntry) -> AuditView:
    return AuditView(
        iso(entry.at) or "",
        entry.by,
        entry.via,
        entry.action,
        entry.object,
        entry.outcome,
        entry.detail,
    )


async def _list(call: Call) -> PageOf[AuditView]:
    asked = call.asked(LISTING)

    def work(connection: Connection) -> Page[AuditEntry]:
        return queries.audit_entries(
            connection, asked.wanted, limit=asked.limit, cursor=asked.cursor
        )

    return page_of(await call.parts.db.read(work), _view)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/audit",
        handler=_list,
        key="audit.list",
        role="admin",
        listing=LISTING,
        answer=PageOf[AuditView],
    ),
)
