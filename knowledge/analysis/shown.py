"""What a model is shown of a material: a bounded choice of lines, identities hidden."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from core.model.incident import SimilarItem
from core.redact import Placeholders, redact
from knowledge.analysis.digest import Digest
from knowledge.analysis.material import Line, Material
from knowledge.analysis.quote import window

MAX_SHOWN = 12_000  # characters of lines, about 4,000 tokens
_LINE = 500
_NOTES = 10
_SHAPES = 60
_WITH_CONTEXT = 8  # of the worst shapes: two lines before and eight after (a stack) are shown too
# Machines that no label names: the third word of a syslog line, `host=db-01`.
_HOST_IN_LINE = re.compile(
    r"^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?P<syslog>[A-Za-z][\w.-]{2,62}) "
    r"|\b(?:host|hostname|instance|node|server|pod)[\"']?\s?[=:]\s?[\"']?"
    r"(?P<named>(?=[\w.-]{0,62}[\d.-])[A-Za-z][\w.-]{2,62})"
)


@dataclass(frozen=True)
class Shown:
    """data: the text for the model. lines, similar: what stands in it, as it really is.

    complete: every line of the material is in it.
    """

    data: str
    lines: tuple[Line, ...]
    similar: tuple[SimilarItem, ...]
    placeholders: Placeholders
    complete: bool

    @property
    def ids(self) -> frozenset[str]:
        """Every id that the model was given."""
        return frozenset([line.ref for line in self.lines] + [item.id for item in self.similar])


def shown(material: Material, found: Digest) -> Shown:
    """Choose and hide. Bounded whatever the material."""
    at = _chosen(material, found)
    lines = tuple(
        msgspec.structs.replace(material.lines[n], text=window(material.lines[n].text, _LINE))
        for n in at
    )
    similar = tuple(_clean(item) for item in material.similar)
    names = [*material.hosts, *hosts_in(line.text for line in lines)]
    placeholders = Placeholders(names)
    text = "\n".join(_head(material, similar) + [_line(line) for line in lines])
    return Shown(
        placeholders.hide(text), lines, similar, placeholders, len(at) == len(material.lines)
    )


def _chosen(material: Material, found: Digest) -> list[int]:
    """Places of the lines that fit: the worst first, then what stands around them."""
    total = len(material.lines)
    worst = [shape.at for shape in found.worst(_SHAPES)]
    around = [n for at in worst[:_WITH_CONTEXT] for n in range(at - 2, at + 9)]
    ends = [*range(5), *range(total - 10, total)]
    rest = range(min(total, 400))
    chosen: set[int] = set()
    left = MAX_SHOWN
    for n in (*worst, *around, *ends, *rest):
        if not 0 <= n < total or n in chosen:
            continue
        cost = min(len(material.lines[n].text), _LINE) + 12
        if cost > left:
            break
        chosen.add(n)
        left -= cost
    return sorted(chosen)


def _head(material: Material, similar: tuple[SimilarItem, ...]) -> list[str]:
    head: list[str] = []
    if material.severity is not None:
        head += [
            f"incident: {material.title[:300]}",
            f"severity: {material.severity}; alerts: {material.alerts}; "
            f"events: {material.events}; names: {', '.join(material.names)[:500]}",
        ]
    head += [f"note by a person: {_one_line(note)[:500]}" for note in material.notes[-_NOTES:]]
    head += [
        f"similar case {item.id}: {item.title} | {item.snippet} | what helped: {item.fix or '-'}"
        for item in similar
    ]
    return [*head, "lines:"]


def _line(line: Line) -> str:
    times = f" (x{line.count})" if line.count > 1 else ""
    return f"{line.ref}| {line.text}{times}"


def _clean(item: SimilarItem) -> SimilarItem:
    return msgspec.structs.replace(
        item,
        title=_one_line(redact(item.title))[:200],
        snippet=_one_line(redact(item.snippet))[:600],
        fix=_one_line(redact(item.fix))[:600],
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def hosts_in(lines: Iterable[str]) -> list[str]:
    """Machines that lines of text name and no pattern of addresses knows."""
    return [m[m.lastgroup or 0] for line in lines for m in _HOST_IN_LINE.finditer(line)]
