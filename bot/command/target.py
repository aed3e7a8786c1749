"""Which incident or alert a command is about: the id that was typed, or the last one spoken of."""

from __future__ import annotations

from bot.command.args import Args, Ref
from bot.command.command import Context
from core.model.alert import Alert
from core.model.incident import Incident
from core.store import queries
from core.store.queries import Filter

_OPEN = ("triggered", "acknowledged")


async def incident_of(context: Context, args: Args) -> Incident:
    """The incident that the arguments begin with; an alert's id stands for its incident.

    Without an id: the last one told or acted on in this conversation, else the newest open one.
    Raises Unable when there is none.
    """
    ref = args.ref()
    return await last_incident(context) if ref is None else await incident_named(context, ref)


async def incident_named(context: Context, ref: Ref) -> Incident:
    """The incident of an id. Raises Unable when there is none."""
    if ref.kind == "ALT":
        alert = await alert_named(context, ref)
        if alert.incident is None:
            raise context.unable("alert_alone", id=alert.short_id)
        ref = Ref("INC", alert.incident)
    if ref.kind not in {"INC", None}:
        raise context.unable("not_an_incident", id=f"{ref.kind}-{ref.number}")
    incident = await context.read(lambda c: queries.incident(c, ref.number))
    if incident is None:
        raise context.unable("no_incident", id=f"INC-{ref.number}")
    return incident


async def last_incident(context: Context) -> Incident:
    """The incident this conversation spoke of last, else the newest open one."""
    number = context.last.recall(context.conversation, context.channel)
    if number is not None:
        incident = await context.read(lambda c: queries.incident(c, number))
        if incident is not None:
            return incident
    page = await context.read(lambda c: queries.incidents(c, Filter(status=_OPEN), limit=1))
    if not page.items:
        raise context.unable("nothing_open")
    return page.items[0]


async def alert_named(context: Context, ref: Ref) -> Alert:
    """The alert of an id. Raises Unable when there is none."""
    alert = await context.read(lambda c: queries.alert(c, ref.number))
    if alert is None:
        raise context.unable("no_alert", id=f"ALT-{ref.number}")
    return alert
