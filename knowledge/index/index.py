"""The index: documents by their words, their meaning and their names, with one score.

Plain and in memory, with no idea of threads or of the store: its owner calls it from one thread,
so that a search never sees half of a change.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from knowledge.index.document import Document, Kind
from knowledge.index.fusion import exact, fuse
from knowledge.index.lexical import Lexical
from knowledge.index.passage import embedding_text
from knowledge.index.words import (
    FIRST_CHINESE,
    fold,
    identifiers,
    is_chinese,
    pieces,
    wording,
    words,
)

if TYPE_CHECKING:
    from knowledge.index.vectors import Matrix, Vectors

Key = tuple[Kind, str]
KINDS: tuple[Kind, ...] = ("article", "incident")
# Passages are numbered by kind, so that a search in one kind is a search in one range.
_SPAN = 1 << 40
_RANGES = {kind: range(at * _SPAN, (at + 1) * _SPAN) for at, kind in enumerate(KINDS)}
_ALL = range(len(KINDS) * _SPAN)
NEAREST = 100


class Query(msgspec.Struct, frozen=True):
    """What is looked for. runs: its words as they were written, each with the words it counts
    as; names: folded names that settle it; vector: None for words alone."""

    runs: tuple[tuple[str, tuple[str, ...]], ...]
    names: frozenset[str]
    chinese: bool
    vector: Matrix | None = None


class Hit(msgspec.Struct, frozen=True):
    """A document with its best passage. shared: the query's own words that stand in it, best
    first. cosine: None when only words were compared."""

    document: Document
    passage: str
    score: float
    cosine: float | None
    exact: bool
    shared: tuple[str, ...]


class _Entry(msgspec.Struct):
    document: Document
    numbers: range
    chinese: tuple[bool, ...]


def make_query(text: str, vector: Matrix | None = None, names: Iterable[str] = ()) -> Query:
    """A query of any text. names: what else it is called; else what looks like a name in it."""
    given = list(names) or [text[:100], *identifiers(text)]
    folded = frozenset(name for name in map(fold, given) if len(name) > 1)
    return Query(tuple(pieces(wording(text))), folded, is_chinese(text), vector)


class Index:
    """Documents that can be found. Vectors may be attached later than the words."""

    def __init__(self) -> None:
        self.lexical = Lexical()
        self.vectors: Vectors | None = None
        self._entries: dict[Key, _Entry] = {}
        self._owners: dict[int, Key] = {}
        self._names: dict[str, set[Key]] = {}
        self._next = {kind: span.start for kind, span in _RANGES.items()}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def passages(self) -> int:
        """How many passages there are."""
        return len(self._owners)

    def get(self, key: Key) -> Document | None:
        """The document as it was put."""
        entry = self._entries.get(key)
        return entry.document if entry is not None else None

    def documents(self) -> list[Document]:
        """Every document."""
        return [entry.document for entry in self._entries.values()]

    def put(self, document: Document) -> None:
        """Add a document, or replace it; until vectors are attached it is found by words."""
        self.remove(document.key)
        start = self._next[document.kind]
        numbers = range(start, start + len(document.passages))
        self._next[document.kind] = numbers.stop
        heading = words(f"{document.title} {document.title} {document.extra}")
        for number, passage in zip(numbers, document.passages, strict=True):
            self.lexical.put(number, heading + words(passage))
            self._owners[number] = document.key
        chinese = tuple(is_chinese(f"{document.title} {p}") for p in document.passages)
        self._entries[document.key] = _Entry(document, numbers, chinese)
        for name in document.names:
            self._names.setdefault(name, set()).add(document.key)

    def remove(self, key: Key) -> None:
        """Forget a document; nothing happens when it is not known."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        for number in entry.numbers:
            self.lexical.remove(number)
            del self._owners[number]
        if self.vectors is not None:
            self.vectors.remove(entry.numbers)
        for name in entry.document.names:
            self._names[name].discard(key)
            if not self._names[name]:
                del self._names[name]

    def attach(self, document: Document, vectors: Matrix) -> bool:
        """Give a document its vectors, one a passage; false when it has changed since."""
        entry = self._entries.get(document.key)
        if entry is None or entry.document is not document:
            return False
        if self.vectors is None or self.vectors.dim != vectors.shape[1]:
            from knowledge.index.vectors import Vectors

            self.vectors = Vectors(vectors.shape[1])
        self.vectors.put(entry.numbers, vectors)
        return True

    def search(
        self,
        query: Query,
        limit: int,
        kinds: Iterable[str] = KINDS,
        without: frozenset[Key] = frozenset(),
    ) -> list[Hit]:
        """The best documents of these kinds, best first; equal scores: the newer first."""
        wanted = [kind for kind in KINDS if kind in set(kinds)]
        asked = [word for _run, found in query.runs for word in found]
        if not wanted or not asked:
            return []
        within = _ALL if len(wanted) == len(KINDS) else _RANGES[wanted[0]]
        lexical = self.lexical.search(asked, within)
        numbers = lexical.keys() | self._named(query, within)
        cosines: dict[int, float] = {}
        if query.vector is not None and self.vectors is not None:
            cosines = self.vectors.search(query.vector, max(NEAREST, limit), within)
            others = [number for number in numbers if number not in cosines]
            cosines |= self.vectors.cosines(query.vector, others)
        covered = self.lexical.having(lexical, asked)
        best: dict[Key, tuple[float, int]] = {}
        for number in numbers | cosines.keys():
            key = self._owners[number]
            entry = self._entries[key]
            score = fuse(
                lexical.get(number, 0.0),
                cosines.get(number),
                foreign=entry.chinese[number - entry.numbers.start] is not query.chinese,
                covered=number in covered,
            )
            if key not in without and score >= best.get(key, (0.0, 0))[0]:
                best[key] = score, number
        hits = [self._rate(query, key, score) for key, (score, _number) in best.items()]
        chosen = heapq.nlargest(limit, hits)
        return [
            self._hit(query, key, score, best[key][1], cosines) for score, _number, key in chosen
        ]

    def _named(self, query: Query, within: range) -> set[int]:
        """The first passages of the newest documents that carry one of the query's names."""
        keys = {key for name in query.names for key in self._names.get(name, ())}
        firsts = (self._entries[key].numbers.start for key in keys)
        return set(heapq.nlargest(NEAREST, (first for first in firsts if first in within)))

    def _rate(self, query: Query, key: Key, score: float) -> tuple[float, int, Key]:
        document = self._entries[key].document
        if not query.names.isdisjoint(document.names):
            score = exact(score)
        return score, document.number, key

    def _hit(
        self, query: Query, key: Key, score: float, number: int, cosines: dict[int, float]
    ) -> Hit:
        entry = self._entries[key]
        return Hit(
            document=entry.document,
            passage=entry.document.passages[number - entry.numbers.start],
            score=round(score, 4),
            cosine=cosines.get(number),
            exact=not query.names.isdisjoint(entry.document.names),
            shared=self._shared(query, number),
        )

    def _shared(self, query: Query, number: int) -> tuple[str, ...]:
        """The query's words that the passage has, the rarest first, as they were written.

        Chinese bigrams that follow each other are one: 连接 接池 → 连接池.
        """
        have = self.lexical.words_of(number)
        found: dict[str, float] = {}
        for run, terms in query.runs:
            if run < FIRST_CHINESE:
                worth = [self.lexical.rarity(t) for t in terms if t in have]
                if worth:
                    found.setdefault(run, max(worth))
                continue
            at = 0
            while at < len(terms):
                end = at
                while end < len(terms) and terms[end] in have:
                    end += 1
                if end > at:
                    worth = [self.lexical.rarity(t) for t in terms[at:end]]
                    found.setdefault(run[at : end + 1], max(worth))
                at = end + 1
        return tuple(sorted(found, key=lambda word: -found[word]))


def embedding_texts(document: Document) -> list[str]:
    """What is embedded of a document, one text a passage."""
    return [embedding_text(document.title, passage) for passage in document.passages]
