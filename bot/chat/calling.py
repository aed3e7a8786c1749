"""A message of an escalation as it is sent: is it still wanted, and whom does it call?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from bot.chat.channel import Outgoing
from core import metrics
from core.clock import Clock
from core.model.incident import TimelineEntry
from core.model.notification import Notification, Receipt
from core.oncall.roster import Called
from core.store import outbox, queries
from core.store.database import Database
from core.task import TaskCanceled
from core.text import say

Call = Callable[[Sequence[str], datetime], Awaitable[tuple[Called, ...]]]
"""(mentions, moment) → whom they stand for then."""
_CANCELED = "canceled"  # the receipt's code of a message that was wanted no more


async def still_wanted(
    outgoing: Outgoing, db: Database, call: Call, clock: Clock, language: str
) -> Outgoing:
    """With whom it calls at this moment.

    Raises TaskCanceled, and writes why, when someone has acknowledged or resolved the incident
    meanwhile. What a person asked for is sent also when it is acknowledged.
    """
    notification, mark = outgoing.notification, outgoing.notification.escalation
    if mark is None:
        return outgoing
    called = await call(mark.mention, clock())
    number = notification.incident or 0
    # Last of all, so that an acknowledgement of a moment ago still stops it.
    incident = await db.read(lambda c: queries.incident(c, number))
    if incident is None or incident.status == "resolved":
        why = say("chat.escalation_over", language)
    elif incident.status == "acknowledged" and not mark.by:
        why = say("chat.escalation_acknowledged", language, by=incident.acknowledged_by)
    else:
        return msgspec.structs.replace(outgoing, called=called)
    now = clock()
    text = say("chat.escalation_not_sent", language, channel=notification.channel, why=why)

    def work(connection: Connection) -> None:
        receipt = msgspec.to_builtins(Receipt(_CANCELED, why, now), builtin_types=(datetime,))
        outbox.change(connection, notification.id, state="dead", receipt=receipt)
        outbox.note(connection, number, TimelineEntry(now, "escalation", "tocsin", text))

    await db.write(work)
    metrics.NOTIFICATIONS.labels(notification.channel, _CANCELED).inc()
    raise TaskCanceled(why)


def why_canceled(notification: Notification) -> str:
    """Why a message is not wanted any more; empty for all that are."""
    receipt = notification.receipt
    if notification.state != "dead" or receipt is None or receipt.code != _CANCELED:
        return ""
    return receipt.text
