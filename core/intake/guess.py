"""A JSON object of an unknown kind as an alert: what its names most likely mean.

For senders that no adapter knows and no mapping describes. Identity is the careful part: only
labels, tags and names that say where something is become labels; what may differ from message
to message (values, texts) becomes annotations, or every message would be an alert of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec

from core.intake.normalise import MAX_BODY, MAX_LABELS, Unusable, key_of, web_links
from core.intake.reading import filled, moment_at, named, notes, text_at
from core.intake.status_words import status_of

_TITLE = ("alertname", "alerttitle", "title", "name", "rulename", "rule", "check", "subject")
_TEXT = ("summary", "message", "msg", "text", "description", "detail", "content", "body", "reason")
_STATUS = ("status", "state", "alertstate", "alertstatus")
_SEVERITY = ("severity", "level", "priority", "urgency")
_KEY = ("dedupkey", "fingerprint", "incidentkey", "alertkey", "alertid")
_BEGIN = ("startsat", "starttime", "startedat", "timestamp", "time", "occurredat", "datetime")
_END = ("endsat", "endtime", "endedat", "resolvedat", "recoveredat")
_WHERE = frozenset(
    ["host", "hostname", "instance", "service", "servicename", "app", "application", "env",
     "environment", "cluster", "namespace", "region", "zone", "project", "resource", "device",
     "ip", "pod", "node", "component", "monitor", "job", "source", "team"]
)  # fmt: skip
_LISTS = ("alerts", "events", "items", "incidents", "entries", "records")


class Guessed(msgspec.Struct, frozen=True):
    """What an object most likely says. momentary: no status is told, so no end will be either."""

    labels: dict[str, str]
    annotations: dict[str, str]
    severity: str
    status: Literal["firing", "resolved"]
    dedup_key: str
    starts_at: datetime | None
    ends_at: datetime | None
    links: dict[str, str]
    momentary: bool


def entries_of(value: Any) -> Iterator[tuple[str, Any]]:
    """The alerts in a body, each with its path: a list, a list under a usual name, or itself."""
    if isinstance(value, dict):
        plain = {_plain(name): name for name in value}
        if not any(name in plain for name in (*_TITLE, *_TEXT)):
            for name in _LISTS:
                inside = value.get(plain.get(name, ""))
                if isinstance(inside, list) and all(isinstance(one, dict) for one in inside):
                    return ((f"{name}[{i}]", one) for i, one in enumerate(inside))
    if isinstance(value, list):
        return ((f"[{i}]", one) for i, one in enumerate(value))
    return iter([("", value)])


def guess(given: dict[str, Any], path: str) -> Guessed:
    """Read one object. Unusable when it says nothing that people could be told."""
    plain = {_plain(name): name for name in reversed(given)}
    used: set[str] = set()

    def take(names: tuple[str, ...], limit: int = MAX_BODY) -> str:
        for name in names:
            if name in plain and (text := text_at(given, plain[name], limit=limit)):
                used.add(plain[name])
                return text
        return ""

    def moment(names: tuple[str, ...]) -> datetime | None:
        for name in names:
            if name in plain and (found := moment_at(given, plain[name])) is not None:
                used.add(plain[name])
                return found
        return None

    title, text = take(_TITLE), take(_TEXT)
    word = take(_STATUS)
    severity, key = take(_SEVERITY), take(_KEY)
    begin, end = moment(_BEGIN), moment(_END)
    links = _links(given)
    labels = {**_where(given, used), **_pairs(given.get("labels")), **_pairs(given.get("tags"))}
    if title:
        labels.setdefault("alertname", named(title))
    rest = {
        name: text_at(given, name)
        for name in given
        if name not in used and name not in links and name not in labels
    }
    annotations = {**rest, **_pairs(given.get("annotations")), "summary": text or title}
    status = status_of(word)
    if status is None and word:
        annotations["status"] = word
    guessed = Guessed(
        filled(labels),
        notes({k: v for k, v in annotations.items() if v}),
        severity,
        status or "firing",
        key_of(key),
        begin,
        end,
        links,
        not word,
    )
    if not (guessed.labels or text or key):
        raise Unusable("missing", path or "body", "has no title, text or label that is understood")
    return guessed


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _where(given: dict[str, Any], used: set[str]) -> dict[str, str]:
    found = {n: text_at(given, n) for n in given if _plain(n) in _WHERE and n not in used}
    return {name: text for name, text in found.items() if text}


def _pairs(value: Any) -> dict[str, str]:
    """Names with texts: an object, a list of {key, value}, or a list of `key:value`."""
    if isinstance(value, dict):
        return {name: text_at(value, name) for name in value}
    found: dict[str, str] = {}
    for one in value[: 4 * MAX_LABELS] if isinstance(value, list) else []:
        if isinstance(one, str):
            name, colon, text = one.partition(":")
            if colon:
                found[name.strip()] = text.strip()
        else:
            found[text_at(one, "key") or text_at(one, "name")] = text_at(one, "value")
    return found


def _links(given: dict[str, Any]) -> dict[str, str]:
    """Addresses: under `links`, and every field that says that it is one."""
    listed = given.get("links")
    found = _pairs(listed) if isinstance(listed, dict) else {}
    for i, one in enumerate(listed[:MAX_LABELS] if isinstance(listed, list) else []):
        if isinstance(one, str):
            found[f"link{i + 1}"] = one
        else:
            name = text_at(one, "text") or text_at(one, "title") or text_at(one, "name")
            found[name or f"link{i + 1}"] = text_at(one, "url") or text_at(one, "href")
    for name in given:
        if _plain(name).endswith(("url", "link", "href")):
            found[name] = text_at(given, name)
    return filled(web_links(**found))
