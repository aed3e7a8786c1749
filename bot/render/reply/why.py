"""Why an alert was, or was not, told: each stage's verdict in words, and what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.render import words
from bot.render.escape import Markdown
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import brief, told
from core.model.alert import Alert
from core.model.decision import Decision, StageVerdict
from core.model.incident import Incident
from core.model.notification import Notification
from core.model.silence import Silence
from core.text import catalogue

_ICONS = {"suppressed": "⛔", "recorded": "•", "notified": "📨"}
_SENT = 6


def why_alert_page(
    alert: Alert,
    decisions: Sequence[Decision],
    notifications: Sequence[Notification],
    silences: Mapping[str, Silence],
    reader: Reader,
) -> Markdown:
    """decisions: newest first. silences: those that the stages name, by `SIL-3`."""
    language = reader.language
    head = told(
        "render.why.alert",
        language,
        id=alert.short_id,
        name=brief(alert.name, 100, language),
        status=words.status(alert.status, language),
    )
    blocks: list[str] = [head]
    if template := alert.annotations.get("template"):
        shown = brief(template, 300, language)
        blocks.append(told("render.why.template", language, template=shown))
    if not decisions:
        blocks.append(told("render.why.undecided", language))
    for decision in decisions[:1]:
        at = words.full_moment(decision.at, reader.tz)
        blocks.append(told("render.why.decided", language, at=at))
        if version := decision.rule_version:
            rule = brief(alert.rule, 100, language)
            blocks.append(told("render.why.rule", language, rule=rule, version=version))
        blocks.append(listed(stage_line(s, silences, reader) for s in decision.stages))
    if len(decisions) > 1:
        blocks.append(told("render.why.before", language))
        blocks.append(listed(_earlier(d, silences, reader) for d in decisions[1:4]))
    return page([*blocks, *_sent(notifications, reader)], language)


def why_incident_page(
    incident: Incident,
    verdicts: Sequence[tuple[Alert, Decision | None]],
    notifications: Sequence[Notification],
    silences: Mapping[str, Silence],
    reader: Reader,
) -> Markdown:
    """verdicts: some of its alerts with their newest decision."""
    language = reader.language
    head = told(
        "render.why.incident",
        language,
        id=incident.short_id,
        title=brief(incident.title, 120, language),
        status=words.status(incident.status, language),
    )
    lines = [_alert_line(a, d, silences, reader) for a, d in verdicts]
    more = incident.alert_count - len(verdicts)
    return page(
        [
            head,
            listed(lines),
            told("render.more", language, n=more) if more > 0 else "",
            told("render.why.ask_alert", language, id=verdicts[0][0].short_id) if verdicts else "",
            *_sent(notifications, reader),
        ],
        language,
    )


def _alert_line(
    alert: Alert, decision: Decision | None, silences: Mapping[str, Silence], reader: Reader
) -> Markdown:
    name = brief(alert.name, 80, reader.language)
    if decision is None:
        said = told("render.why.undecided", reader.language)
    else:
        said = stage_line(decision.stages[-1], silences, reader)
    return Markdown(f"{alert.short_id} **{name}** {said}")


def _earlier(decision: Decision, silences: Mapping[str, Silence], reader: Reader) -> Markdown:
    at = words.moment(decision.at, reader.tz)
    return Markdown(f"{at} {stage_line(decision.stages[-1], silences, reader)}")


def stage_line(stage: StageVerdict, silences: Mapping[str, Silence], reader: Reader) -> Markdown:
    """A stage's verdict as a sentence; a stage without a sentence of its own in plain words."""
    language = reader.language
    silence = silences.get(stage.by)
    plain = f"render.why.{stage.stage}.{stage.verdict}"
    key = next((k for k in (f"{plain}.{stage.reason}", plain) if k in catalogue()), None)
    icon = _ICONS.get(stage.verdict, "✔")
    if silence is not None:
        text = told(
            "render.why.silenced",
            language,
            id=silence.short_id,
            by=silence.created_by[:60],
            comment=brief(silence.comment or "-", 100, language),
            until=words.moment(silence.ends_at, reader.tz),
        )
    else:
        text = told(
            key or "render.why.stage",
            language,
            stage=stage.stage,
            verdict=told(f"render.verdict.{stage.verdict}", language),
            reason=brief(stage.reason, 80, language),
            by=brief(stage.by, 100, language),
            note=brief(stage.note, 200, language),
        )
    return Markdown(f"{icon} {text}")


def _sent(notifications: Sequence[Notification], reader: Reader) -> list[str]:
    language = reader.language
    if not notifications:
        return [told("render.why.nothing_sent", language)]
    more = len(notifications) - _SENT
    return [
        told("render.why.sent", language),
        listed(notification_line(n, reader) for n in notifications[-_SENT:]),
        told("render.more", language, n=more) if more > 0 else "",
    ]


def notification_line(notification: Notification, reader: Reader) -> Markdown:
    """Where it went, how it stands, and the platform's own answer."""
    language = reader.language
    line = told(
        "render.why.notification",
        language,
        id=notification.short_id,
        channel=notification.channel,
        kind=told(
            f"render.kind.{'escalation' if notification.escalation else notification.kind}",
            language,
        ),
        state=words.state(notification.state, language),
        n=notification.attempts,
        at=words.moment(notification.sent_at or notification.created_at, reader.tz),
    )
    receipt = notification.receipt
    if receipt is None:
        return line
    answer = told(
        "render.why.receipt", language, code=receipt.code, text=brief(receipt.text, 160, language)
    )
    return Markdown(f"{line}{words.BREAK}{answer}")
