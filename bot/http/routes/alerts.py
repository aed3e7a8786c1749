"""Alerts, and why each was or was not told."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from bot.http.listing import SEVERITIES, Listing
from bot.http.route import Call, Route
from bot.http.routes.notifications import ReceiptView, receipt_view
from bot.http.views import Moment, PageOf, page_of
from core.clock import iso
from core.errors import NotFound
from core.model.alert import Alert
from core.model.decision import Decision, StageVerdict
from core.model.event import Severity
from core.model.notification import Notification, NotificationKind, NotificationState
from core.model.shape import alert_shape
from core.store import queries
from core.store.queries import Page

LISTING = Listing(statuses=("firing", "resolved"), severities=SEVERITIES, labels=True)


class AlertView(msgspec.Struct, frozen=True):
    """An alert (core.model.shape). incident: `INC-1`; ends_at null while no end is known."""

    id: str
    fingerprint: str
    fingerprint_by: str
    status: str
    flapping: bool
    severity: Severity
    labels: dict[str, str]
    annotations: dict[str, str]
    count: int
    first_seen: Moment
    last_seen: Moment
    starts_at: Moment
    ends_at: Moment | None
    source: str
    rule: str
    incident: str | None
    links: dict[str, str]


class Told(msgspec.Struct, frozen=True):
    """A notification that tells an alert, and what the platform said."""

    id: str
    channel: str
    kind: NotificationKind
    state: NotificationState
    attempts: int
    receipt: ReceiptView | None


class Why(msgspec.Struct, frozen=True):
    """Why an alert was, or was not, told: its last decision, stage by stage.

    rule_version: of the alert's rule, as it was in force then; null for an alert without a rule.
    """

    alert: AlertView
    decided_at: Moment | None
    rule_version: int | None
    stages: list[StageVerdict]
    notifications: list[Told]


def alert_view(alert: Alert) -> AlertView:
    """An alert as outsiders read it."""
    return msgspec.convert(alert_shape(alert), AlertView)


async def _list(call: Call) -> PageOf[AlertView]:
    asked = call.asked(LISTING)

    def work(connection: Connection) -> Page[Alert]:
        return queries.alerts(connection, asked.wanted, limit=asked.limit, cursor=asked.cursor)

    return page_of(await call.parts.db.read(work), alert_view)


async def _one(call: Call) -> AlertView:
    number = call.number("ALT")
    return alert_view(found(await call.parts.db.read(lambda c: queries.alert(c, number)), number))


async def _why(call: Call) -> Why:
    number = call.number("ALT")

    def work(connection: Connection) -> tuple[Alert, list[Decision], list[Notification]]:
        alert = found(queries.alert(connection, number), number)
        decisions = queries.decisions_of(connection, alert.id, limit=1)
        return alert, decisions, queries.notifications_of_alert(connection, alert.id)

    alert, decisions, told = await call.parts.db.read(work)
    last = decisions[0] if decisions else None
    return Why(
        alert_view(alert),
        iso(last.at) if last else None,
        (last.rule_version or None) if last else None,
        list(last.stages) if last else [],
        [
            Told(n.short_id, n.channel, n.kind, n.state, n.attempts, receipt_view(n.receipt))
            for n in told
        ],
    )


def found(alert: Alert | None, number: int) -> Alert:
    """The alert, or NotFound."""
    if alert is None:
        raise NotFound(f"there is no alert ALT-{number}")
    return alert


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/alerts",
        handler=_list,
        key="alerts.list",
        listing=LISTING,
        answer=PageOf[AlertView],
    ),
    Route(
        method="GET",
        path="/api/v1/alerts/{id}",
        handler=_one,
        key="alerts.one",
        answer=AlertView,
    ),
    Route(
        method="GET",
        path="/api/v1/alerts/{id}/why",
        handler=_why,
        key="alerts.why",
        answer=Why,
    ),
)
