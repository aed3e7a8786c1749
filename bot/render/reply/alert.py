"""One alert with everything its source said."""

from __future__ import annotations

from bot.render import words
from bot.render.escape import Markdown
from bot.render.link import incident_link
from bot.render.reply.page import listed, page
from bot.render.reply.reader import Reader
from bot.render.words import BREAK, brief, told
from core.model.alert import Alert

_VALUE = 900


def alert_page(alert: Alert, reader: Reader) -> Markdown:
    """Labels and annotations in full, as far as a page holds them."""
    language = reader.language
    resolved = alert.status == "resolved"
    icon = words.RESOLVED_ICON if resolved else words.ICONS[alert.severity]
    level = words.severity(alert.severity, language)
    facts = [
        told(
            "render.alert.stands",
            language,
            status=words.status(alert.status, language),
            n=alert.count,
            first=words.full_moment(alert.first_seen, reader.tz),
            last=words.moment(alert.last_seen, reader.tz),
        ),
        told("render.alert.source", language, source=alert.source[:100]),
    ]
    if resolved and alert.ends_at:
        ended = words.moment(alert.ends_at, reader.tz)
        facts.append(told("render.alert.ended", language, at=ended))
    made_of = brief(alert.identified_by, 120, language)
    facts.append(
        told("render.alert.fingerprint", language, it=alert.fingerprint[:64], made_of=made_of)
    )
    if alert.flapping:
        facts.append(told("render.alert.flapping", language))
    if alert.rule:
        facts.append(told("render.alert.rule", language, rule=alert.rule[:100]))
    if alert.incident:
        facts.append(told("render.alert.incident", language, id=f"INC-{alert.incident}"))
    said = [(k, v) for k, v in alert.annotations.items() if k != "summary"]
    return page(
        [
            f"#### {icon} {level} {alert.short_id} {brief(alert.name, 160, language)}",
            brief(alert.summary, _VALUE, language) if alert.summary != alert.name else "",
            BREAK.join(facts),
            told("render.alert.labels", language),
            _pairs(sorted(alert.labels.items()), language),
            told("render.alert.annotations", language) if said else "",
            _pairs(said, language),
            told("render.alert.links", language) if alert.links else "",
            _pairs(sorted(alert.links.items()), language),
            incident_link(reader.base_url, alert.incident, language),
        ],
        language,
    )


def _pairs(pairs: list[tuple[str, str]], language: str) -> Markdown:
    return listed(
        f"{brief(name, 80, language)}: {brief(value, _VALUE, language)}" for name, value in pairs
    )
