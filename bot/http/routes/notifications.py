"""Notifications: what was told to whom, and what the platform answered."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection

from bot.http.listing import Listing
from bot.http.route import Call, Route
from bot.http.views import Moment, PageOf
from core.clock import iso
from core.errors import NotFound
from core.ids import short_id
from core.model.escalating import Escalation
from core.model.notification import (
    Notification,
    NotificationKind,
    NotificationState,
    Receipt,
)
from core.store import queries

LISTING = Listing(statuses=("pending", "sending", "sent", "failed", "dead"))


class ReceiptView(msgspec.Struct, frozen=True):
    """The platform's own code and words."""

    code: str
    text: str
    at: Moment


class EscalationView(msgspec.Struct, frozen=True):
    """The step of an escalation. step: from 1, 0 is the fallback; by: who asked for it."""

    policy: str
    step: int
    steps: int
    cycle: int
    mention: list[str]
    by: str | None


class NotificationView(msgspec.Struct, frozen=True):
    """A notification. alerts, merged_into: short ids; maybe_duplicate: it may have come twice.

    escalation: the step that it is a message of; null for all others.
    """

    id: str
    channel: str
    incident: str | None
    alerts: list[str]
    kind: NotificationKind
    event_type: str
    state: NotificationState
    attempts: int
    receipt: ReceiptView | None
    merged_into: str | None
    maybe_duplicate: bool
    escalation: EscalationView | None
    due_at: Moment
    created_at: Moment
    sent_at: Moment | None


def receipt_view(receipt: Receipt | None) -> ReceiptView | None:
    """A receipt as outsiders read it."""
    return ReceiptView(receipt.code, receipt.text, _text(receipt.at)) if receipt else None


def _escalation(mark: Escalation | None) -> EscalationView | None:
    if mark is None:
        return None
    return EscalationView(
        mark.policy, mark.step, mark.steps, mark.cycle, list(mark.mention), mark.by or None
    )


def _text(moment: datetime) -> str:
    return iso(moment) or ""


def _views(connection: Connection, told: list[Notification]) -> list[NotificationView]:
    alerts = queries.alert_numbers(connection, sorted({a for n in told for a in n.alerts}))
    into = queries.notification_numbers(
        connection, sorted({n.merged_into for n in told if n.merged_into})
    )
    return [
        NotificationView(
            id=n.short_id,
            channel=n.channel,
            incident=short_id("INC", n.incident) if n.incident else None,
            alerts=[short_id("ALT", alerts[a]) for a in n.alerts if a in alerts],
            kind=n.kind,
            event_type=n.event_type,
            state=n.state,
            attempts=n.attempts,
            receipt=receipt_view(n.receipt),
            merged_into=short_id("NTF", into[n.merged_into]) if n.merged_into in into else None,
            maybe_duplicate=n.maybe_duplicate,
            escalation=_escalation(n.escalation),
            due_at=_text(n.due_at),
            created_at=_text(n.created_at),
            sent_at=iso(n.sent_at),
        )
        for n in told
    ]


async def _list(call: Call) -> PageOf[NotificationView]:
    asked = call.asked(LISTING)

    def work(connection: Connection) -> PageOf[NotificationView]:
        page = queries.notifications(
            connection, asked.wanted, limit=asked.limit, cursor=asked.cursor
        )
        return PageOf(_views(connection, page.items), page.next_cursor)

    return await call.parts.db.read(work)


async def _one(call: Call) -> NotificationView:
    number = call.number("NTF")

    def work(connection: Connection) -> NotificationView:
        notification = queries.notification(connection, number)
        if notification is None:
            raise NotFound(f"there is no notification NTF-{number}")
        return _views(connection, [notification])[0]

    return await call.parts.db.read(work)


async def _retry(call: Call) -> NotificationView:
    again = await call.parts.outbox.retry(call.number("NTF"))
    return (await call.parts.db.read(lambda c: _views(c, [again])))[0]


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/notifications",
        handler=_list,
        key="notifications.list",
        listing=LISTING,
        answer=PageOf[NotificationView],
    ),
    Route(
        method="GET",
        path="/api/v1/notifications/{id}",
        handler=_one,
        key="notifications.one",
        answer=NotificationView,
    ),
    Route(
        method="POST",
        path="/api/v1/notifications/{id}/retry",
        handler=_retry,
        key="notifications.retry",
        role="responder",
        action="notification.retry",
        answer=NotificationView,
    ),
)
