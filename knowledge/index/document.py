"""Document: an article or a resolved incident as the index holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from core.model.alert import Alert
from core.model.incident import Incident, TimelineEntry
from core.store.queries import ArticleRow
from knowledge.index.passage import cut
from knowledge.index.words import fold, identifiers, is_chinese, tidy

Kind = Literal["article", "incident"]

# Labels that name what is concerned, the more telling first.
SERVICE_LABELS = ("service", "app", "job", "namespace", "cluster", "host", "instance")
# Annotations in which sources say what is wrong.
SAYING = ("summary", "description", "message", "log", "error", "body")
# The kinds of a timeline's entries that hold people's own words.
SAID = frozenset({"note"})
_MANY = 20  # alerts of an incident that are read

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_FIX = re.compile(
    r"处理|处置|修复|解决|恢复|止血|应急|缓解|\b(?:fix|mitigat|resol|remed|solution|recover)",
    re.IGNORECASE,
)
_MARKER = re.compile(r"^\s*(?:[-*+]|\d{1,2}[.)、])\s+")
_TITLE_PARTS = re.compile(r"[()（）\[\]【】,，、;；/|:：]")
FIX_LINES = 2
FIX_LINE = 160


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched and shown of an article or an incident.

    ref: `KB-3`, `INC-7`. stamp: changes whenever the row does. names: folded names under which
    it is found for certain (its title, its alerts). labels: what it is about. extra: words that
    belong to every passage (tags, services). fix: what helped, one or two lines, or empty.
    """

    kind: Kind
    ref: str
    number: int
    stamp: str
    title: str
    passages: tuple[str, ...]
    names: frozenset[str]
    labels: dict[str, str] = {}
    services: frozenset[str] = frozenset()
    extra: str = ""
    fix: str = ""

    @property
    def key(self) -> tuple[Kind, str]:
        """What tells it from every other document."""
        return self.kind, self.ref


def of_article(row: ArticleRow, stamp: str = "") -> Document:
    """A published article."""
    body = _without_title(row.title, row.body)
    alertname = row.labels.get("alertname", "")
    return Document(
        kind="article",
        ref=row.id,
        number=row.number,
        stamp=stamp,
        title=tidy(row.title),
        passages=tuple(cut(body)),
        names=_names(
            [row.title, alertname, *_TITLE_PARTS.split(row.title), *filter(_is_telling, row.tags)]
        ),
        labels=row.labels,
        services=frozenset(map(str.casefold, [*row.services, *services_of(row.labels)])),
        extra=" ".join([*row.tags, *row.services, *row.labels.values()]),
        fix=fix_section(row.body),
    )


def of_incident(
    incident: Incident,
    alerts: Iterable[Alert],
    timeline: Iterable[TimelineEntry],
    stamp: str = "",
) -> Document:
    """A resolved incident: what fired, what people noted, how it was resolved."""
    read = list(alerts)[:_MANY]
    notes = [entry.text for entry in timeline if entry.kind in SAID]
    names = dict.fromkeys(alert.name for alert in read)
    labels = {k: v for alert in reversed(read) for k, v in alert.labels.items()} | incident.labels
    said = dict.fromkeys(line for alert in read for line in sayings(alert))
    lines = [" ".join(names), *said, incident.resolution, *notes]
    return Document(
        kind="incident",
        ref=incident.short_id,
        number=incident.number,
        stamp=stamp,
        title=tidy(incident.title),
        passages=tuple(cut("\n\n".join(line for line in lines if line.strip()))),
        names=_names([incident.title, *names, *(alert.rule for alert in read)]),
        labels=labels,
        services=frozenset(s.casefold() for a in read for s in services_of(a.labels)),
        extra=" ".join(labels[k] for k in SERVICE_LABELS if k in labels),
        fix=_lines([incident.resolution]) or _lines(notes[-1:]),
    )


def is_test(incident: Incident, alerts: Iterable[Alert]) -> bool:
    """Whether an incident was made to try things out; such ones are never remembered.

    They carry the label `test: "true"`, or come from a source of the kind `test` or `eval`.
    """
    for labels in (incident.labels, *(alert.labels for alert in alerts)):
        if labels.get("test", "").casefold() in {"true", "1", "yes"}:
            return True
    return any(alert.source.split(":", 1)[0] in {"test", "eval"} for alert in alerts)


def sayings(alert: Alert) -> list[str]:
    """What an alert's source says is wrong, without repeating itself."""
    said: list[str] = []
    for key in SAYING:
        text = tidy(alert.annotations.get(key, ""))[:1000]
        if text and not any(text in other for other in said):
            said.append(text)
    return said


def services_of(labels: dict[str, str]) -> list[str]:
    """The service or app that labels name."""
    return [labels[key] for key in ("service", "app") if labels.get(key)]


def fix_section(body: str) -> str:
    """The first lines under a Markdown heading such as `处理`, `Fix` or `Mitigation`."""
    found: list[str] = []
    level, fenced = 0, False
    for line in body.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        heading = None if fenced else _HEADING.match(line)
        if heading is not None:
            if level and len(heading[1]) <= level:
                break
            if not level and _FIX.search(heading[2]):
                level = len(heading[1])
        elif level and line.strip():
            if found and not _MARKER.match(line) and line.startswith((" ", "\t")) and not fenced:
                found[-1] += " " + line.strip()  # a list item goes on
            elif len(found) == FIX_LINES:
                break
            else:
                found.append(_MARKER.sub("", line).strip())
    return _lines(found)


def _lines(found: Iterable[str]) -> str:
    lines = [tidy(line) for text in found for line in text.splitlines() if line.strip()]
    return "\n".join(
        line if len(line) <= FIX_LINE else line[: FIX_LINE - 1].rstrip() + "…"
        for line in lines[:FIX_LINES]
    )


def _is_telling(tag: str) -> bool:
    """Whether a tag names a trouble (`磁盘满`, `disk full`, `ENOSPC`), not a field (`linux`)."""
    return is_chinese(tag) or " " in tag or bool(identifiers(tag))


def _names(given: Iterable[str]) -> frozenset[str]:
    folded = {fold(name) for name in given}
    return frozenset(name for name in folded if len(name) >= (3 if is_chinese(name) else 4))


def _without_title(title: str, body: str) -> str:
    """`body` without a first heading that only repeats the title."""
    first, _newline, rest = body.lstrip().partition("\n")
    heading = _HEADING.match(first)
    return rest if heading is not None and fold(heading[2]) == fold(title) else body
