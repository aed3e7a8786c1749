"""Zabbix, through the webhook media type in docs/zabbix.js: POST /hooks/zabbix/{name}.

The script sends its parameters as one object of texts. A macro that Zabbix cannot resolve stays as
it is (`{EVENT.RECOVERY.TIME}` while there is no recovery) or becomes `*UNKNOWN*`.
Source: zabbix.com/documentation, "Webhook" and "Supported macros".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from urllib.parse import quote

from core.decide.fingerprint import fingerprint
from core.intake.given import Given, in_words, labels_of, moment, notes_of
from core.intake.normalise import (
    MAX_NOTE,
    MAX_WORD,
    MOMENTARY,
    Unusable,
    as_object,
    load,
    past,
    sort_out,
    web_links,
)
from core.intake.parsed import Parsed
from core.model.event import Event

# By {EVENT.NSEVERITY}: the names can be changed in Zabbix, the numbers cannot.
_SEVERITIES = ("Not classified", "Information", "Warning", "Average", "High", "Disaster")
_ENDED = frozenset({"resolved", "ok", "recovery"})
_MOMENTARY = frozenset({"1", "2"})  # {EVENT.SOURCE}: discovery and autoregistration never recover


def parse(body: bytes, source: str, now: datetime, zone: tzinfo = UTC) -> Parsed:
    """The problem, recovery or update of one call. InvalidInput when the body is not JSON.

    zone: of times without one, when the script does not tell the server's own offset.
    """
    return sort_out(
        [("body", load(body))],
        lambda value, path: _event(Given(as_object(value, path)), path, source, now, zone),
    )


def _event(given: Given, path: str, source: str, now: datetime, zone: tzinfo) -> Event:
    name = given.text("event_name", "trigger_name", "alert_subject", limit=MAX_WORD)
    if not name:
        raise Unusable("missing", f"{path}.event_name", "is required")
    zone = _zone(given.text("utc_offset"), zone)
    begun = given.moment("event_timestamp") or _at(given, "event", zone)
    over = given.moment("event_recovery_timestamp") or _at(given, "event_recovery", zone)
    ended = past(over, now)
    # An update of a problem that is over tells its recovery too, and value 1.
    resolved = (
        given.text("event_value") == "0"
        or given.text("event_status").lower() in _ENDED
        or over is not None
    )
    momentary = given.text("event_source") in _MOMENTARY
    host, trigger = given.text("host_name", "host_host", "host_ip"), given.text("trigger_id")
    return Event(
        source=source,
        occurred_at=ended or now if resolved else now,
        labels=labels_of(
            {
                "alertname": name,
                "host": host,
                "ip": given.text("host_ip"),
                "severity": _severity(given),
                "trigger_id": trigger,
                "host_groups": given.text("host_groups"),
            },
            _tags(given),
        ),
        annotations=_notes(given, name, host),
        status="resolved" if resolved else "firing",
        fingerprint=_identity(given, source, name, host),
        starts_at=past(begun, now),
        ends_at=ended if resolved else now + MOMENTARY if momentary else None,
        links=_links(given, trigger),
    )


def _identity(given: Given, source: str, name: str, host: str) -> str:
    """{EVENT.ID} is the problem's, in its recovery and updates too; counted per Zabbix server."""
    event = given.text("event_id")
    if event:
        return fingerprint("zabbix", source, event)
    return fingerprint("zabbix", source, given.text("trigger_id") or name, host)


def _severity(given: Given) -> str:
    number = given.text("event_nseverity", "trigger_nseverity")
    if number in ("0", "1", "2", "3", "4", "5"):
        return _SEVERITIES[int(number)]
    return given.text("event_severity", "trigger_severity", limit=MAX_WORD)


def _tags(given: Given) -> Iterator[tuple[str, str]]:
    """[{tag, value}, …]; a tag may come several times, and without a value."""
    found: dict[str, list[str]] = {}
    for one in given.entries("event_tags"):
        if name := one.text("tag"):
            found.setdefault(name, []).append(one.text("value") or "true")
    return ((name, ",".join(values)) for name, values in found.items())


def _notes(given: Given, name: str, host: str) -> dict[str, str]:
    return notes_of(
        summary=in_words(f"{host}:" if host else "", name),
        description=given.text("alert_message", "trigger_description", limit=MAX_NOTE),
        value=given.text("event_opdata"),
        event_id=given.text("event_id"),
        update=in_words(
            given.text("event_update_user", "user_fullname"),
            given.text("event_update_action"),
            given.text("event_update_message"),
        )
        if given.text("event_update_status") == "1"
        else "",
    )


def _links(given: Given, trigger: str) -> dict[str, str]:
    base, event = given.text("zabbix_url").rstrip("/"), given.text("event_id")
    page = f"{base}/tr_events.php?triggerid={quote(trigger)}&eventid={quote(event)}"
    return web_links(zabbix=page if trigger and event else base, trigger=given.text("trigger_url"))


def _at(given: Given, of: str, zone: tzinfo) -> datetime | None:
    day, time = given.text(f"{of}_date"), given.text(f"{of}_time")
    return moment(f"{day} {time}", zone) if day and time else None


def _zone(minutes: str, otherwise: tzinfo) -> tzinfo:
    try:
        return timezone(timedelta(minutes=int(minutes)))
    except (ValueError, OverflowError):
        return otherwise
