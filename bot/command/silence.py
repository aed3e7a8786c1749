"""/silence: for a while, matching alerts are not told."""

from __future__ import annotations

from datetime import timedelta

from bot.command.args import Args, Ref
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.target import alert_named, incident_named, last_incident
from bot.render.words import moment, span
from core.model.alert import Alert
from core.model.incident import Incident
from core.model.matcher import Matcher
from core.store import queries
from core.text import say

_GRADES = {"severity", "severity_raw"}  # the same alert may come back with another


async def run(context: Context, args: Args) -> CommandReply:
    """`/silence (ID | MATCHER…) DURATION [COMMENT]`; without both, the last incident.

    `/silence SIL-3 2h` makes a silence end two hours from now.
    """
    ref = args.ref()
    if ref is not None and ref.kind == "SIL":
        return await _longer(context, args, ref.number)
    matchers = () if ref else args.matchers()
    length = args.span(bare=True)
    if ref is None and not matchers:
        matchers = args.matchers()  # `/silence 2h alertname=X` is understood as well
    if length is None or length <= timedelta(0):
        raise context.usage()
    incident: Incident | None = None
    if not matchers:
        incident, matchers = await _of(context, ref)
    ends_at = context.now + length
    comment = context.comment(args)
    silence = await context.parts.loop.add_silence(
        matchers, context.now, ends_at, comment, context.who.name, room=context.channel
    )
    text = context.say(
        "silence.done",
        id=silence.short_id,
        matchers=", ".join(map(str, silence.matchers))[:600],
        until=moment(ends_at, context.parts.settings.tz),
    )
    if incident is None:
        return CommandReply(text)
    # The timeline keeps text, not markdown, in the language of the house.
    language = context.parts.settings.language
    noted = say(
        "command.silence.noted",
        language,
        id=silence.short_id,
        length=span(length, language),
        comment=comment,
    )
    await context.parts.loop.note(incident.number, context.who.name, noted.strip())
    return CommandReply(text, incident.number)


async def _longer(context: Context, args: Args, number: int) -> CommandReply:
    """A silence that there is ends so long from now; without a comment the old one stays."""
    length = args.span(bare=True)
    if length is None or length <= timedelta(0):
        raise context.usage()
    old = await context.read(lambda c: queries.silence(c, number))
    if old is None or old.ends_at <= context.now:
        raise context.unable("unsilence.none", id=f"SIL-{number}")
    silence = await context.parts.loop.change_silence(
        number,
        old.matchers,
        old.starts_at,
        context.now + length,
        context.comment(args) or old.comment,
        context.who.name,
    )
    until = moment(silence.ends_at, context.parts.settings.tz)
    return CommandReply(context.say("silence.changed", id=silence.short_id, until=until))


async def _of(context: Context, ref: Ref | None) -> tuple[Incident | None, tuple[Matcher, ...]]:
    """What silences an alert or an incident: its own labels, or those its alerts share."""
    if ref is not None and ref.kind == "ALT":
        alert = await alert_named(context, ref)
        number = alert.incident or 0
        incident = await context.read(lambda c: queries.incident(c, number))
        return incident, _equal(_labels_of([alert]))
    incident = await incident_named(context, ref) if ref else await last_incident(context)
    labels = {k: v for k, v in incident.labels.items() if k not in _GRADES}
    if not labels:
        number = incident.number
        labels = _labels_of(await context.read(lambda c: queries.alerts_of_incident(c, number)))
    if not labels:
        raise context.unable("silence.no_labels", id=incident.short_id)
    return incident, _equal(labels)


def _labels_of(alerts: list[Alert]) -> dict[str, str]:
    """The labels on which all of them agree."""
    shared = dict(alerts[0].labels) if alerts else {}
    for alert in alerts[1:]:
        shared = {k: v for k, v in shared.items() if alert.labels.get(k) == v}
    return {k: v for k, v in shared.items() if k not in _GRADES}


def _equal(labels: dict[str, str]) -> tuple[Matcher, ...]:
    return tuple(Matcher(name, "=", value) for name, value in sorted(labels.items()))


COMMAND = Command("silence", "/silence INC-3 1h 发布中", "responder", run)
