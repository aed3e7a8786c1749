"""/why: each stage's verdict on an alert, and where it was told."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from bot.command.args import Args
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.target import alert_named, incident_named, last_incident
from bot.render.reply.why import why_alert_page, why_incident_page
from core.ids import parse_short_id
from core.model.alert import Alert
from core.model.decision import Decision
from core.model.incident import Incident
from core.model.silence import Silence
from core.store import queries

_ALERTS = 5


async def run(context: Context, args: Args) -> CommandReply:
    """`/why [ALT-7|INC-3]`."""
    ref = args.ref()
    if ref is not None and ref.kind == "ALT":
        alert = await alert_named(context, ref)
        return CommandReply(await _alert(context, alert), alert.incident)
    incident = await incident_named(context, ref) if ref else await last_incident(context)
    return CommandReply(await _incident(context, incident), incident.number)


async def _alert(context: Context, alert: Alert) -> str:
    decisions = await context.read(lambda c: queries.decisions_of(c, alert.id, 5))
    sent = await context.read(lambda c: queries.notifications_of_alert(c, alert.id))
    silences = await _silences(context, decisions)
    return why_alert_page(alert, decisions, sent, silences, context.reader)


async def _incident(context: Context, incident: Incident) -> str:
    number = incident.number
    alerts = await context.read(lambda c: queries.alerts(c, incident=number, limit=_ALERTS))
    decided = await context.read(lambda c: _newest(c, alerts.items))
    verdicts = list(zip(alerts.items, decided, strict=True))
    sent = await context.read(lambda c: queries.notifications(c, incident=number, limit=20))
    silences = await _silences(context, [d for _alert, d in verdicts if d])
    return why_incident_page(incident, verdicts, sent.items[::-1], silences, context.reader)


def _newest(connection: Connection, alerts: Sequence[Alert]) -> list[Decision | None]:
    """The newest decision on each alert."""
    found = [queries.decisions_of(connection, alert.id, 1) for alert in alerts]
    return [decisions[0] if decisions else None for decisions in found]


async def _silences(context: Context, decisions: Sequence[Decision]) -> dict[str, Silence]:
    """The silences that these decisions name, by their short id."""
    named = {s.by for d in decisions for s in d.stages if s.reason == "silence"}
    numbers = [n for n in (parse_short_id(by, "SIL") for by in named) if n is not None]
    found = await context.read(lambda c: [queries.silence(c, number) for number in numbers])
    return {silence.short_id: silence for silence in found if silence is not None}


COMMAND = Command("why", "/why ALT-7", "viewer", run)
