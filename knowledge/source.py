"""Sources: what an answer may be made of, read from the articles and incidents that were found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

import msgspec
from sqlalchemy import Connection

from core.ids import parse_short_id
from core.redact import redact
from core.store import queries
from knowledge.index.document import Document, of_article, of_incident
from knowledge.index.words import tidy, words

MAX_TEXT = 1800  # characters of one source that a model reads
_MAX_LINE = 300
_LEAST = 8  # characters: a shorter line says nothing by itself
_MARKER = re.compile(r"^\s*(?:[-*+>]|\d{1,2}[.)、])\s+")
_ENTRY = re.compile(r"\n(?=\s*(?:[-*+>|#]|\d{1,2}[.)、]))")
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_BROKEN_OFF = (":", "：", ",", "，", "、", ";", "；")
_MARGIN = 2  # shared words by which a line must beat what helped, to be said in its place


class Found(Protocol):
    """knowledge.search.SearchItem: something found, best first."""

    @property
    def kind(self) -> Literal["article", "incident"]: ...
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def confidence(self) -> Literal["high", "medium", "weak"]: ...
    @property
    def snippet(self) -> str: ...


class Source(msgspec.Struct, frozen=True):
    """One article or incident. n: its number in the answer. text: its best passages.

    lines: one or two of its lines that answer best; a long one is cut with an ellipsis.
    """

    n: int
    kind: Literal["article", "incident"]
    id: str
    title: str
    score: float
    confidence: Literal["high", "medium", "weak"]
    text: str
    lines: tuple[str, ...]

    @property
    def quote(self) -> str:
        """Words of its best line that stand in it literally."""
        return self.lines[0].strip("…").strip()


def sources(connection: Connection, items: Sequence[Found], question: str) -> list[Source]:
    """The sources of what was found, numbered from 1; what is gone since is left out."""
    read = ((item, _document(connection, item)) for item in items)
    return [
        _source(n, item, document, question)
        for n, (item, document) in enumerate(((i, d) for i, d in read if d is not None), 1)
    ]


def _document(connection: Connection, item: Found) -> Document | None:
    if item.kind == "article":
        number = parse_short_id(item.id, "KB")
        article = None if number is None else queries.article(connection, number)
        return None if article is None else of_article(article)
    number = parse_short_id(item.id, "INC")
    incident = None if number is None else queries.incident(connection, number)
    if incident is None:
        return None
    alerts = queries.alerts_of_incident(connection, incident.number, limit=50)
    return of_incident(incident, alerts, queries.timeline(connection, incident.number))


def _source(n: int, item: Found, document: Document, question: str) -> Source:
    asked = set(words(question))
    wanted = asked | set(words(item.snippet))
    best = sorted(document.passages, key=lambda text: -_shared(wanted, text))[:2]
    chosen = [text for text in document.passages if text in best]
    fix = document.fix
    text = "\n\n".join([*([f"what helps:\n{fix}"] if fix else []), *chosen])
    return Source(
        n=n,
        kind=item.kind,
        id=item.id,
        title=document.title,
        score=item.score,
        confidence=item.confidence,
        text=redact(text)[:MAX_TEXT],
        lines=_lines(document, item, asked),
    )


def _lines(document: Document, item: Found, asked: set[str]) -> tuple[str, ...]:
    """What helped; before it a line that shares far more words with the question."""
    fix = [line for line in document.fix.split("\n") if line]
    said = list(_sayings(document.passages))
    best = max(said, key=lambda line: _shared(asked, line), default="")
    margin = _shared(asked, best) - max((_shared(asked, line) for line in fix), default=0)
    if best and best not in fix and margin >= _MARGIN:
        return tuple(redact(line) for line in [best, *fix[:1]])
    return tuple(redact(line) for line in fix or [best or item.snippet or document.title])


def _sayings(passages: Iterable[str]) -> Iterable[str]:
    """Paragraphs and list entries of one line each: no headings, tables, code or broken lines."""
    for passage in passages:
        for paragraph in _CODE.sub("", passage).split("\n\n"):
            for entry in _ENTRY.split(paragraph):
                text = tidy(_MARKER.sub("", entry))
                whole = "\n" not in entry.strip() and not text.endswith(_BROKEN_OFF)
                if whole and _LEAST <= len(text) <= _MAX_LINE and not text.startswith(("#", "|")):
                    yield text


def _shared(asked: set[str], text: str) -> int:
    return len(asked & set(words(text)))
