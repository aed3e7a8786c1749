"""Search: what the knowledge base holds near a text, and how sure that is."""

from __future__ import annotations

import re
import time
from typing import Literal

import msgspec

from core.errors import InvalidInput
from core.metrics import KB_HITS, KB_SEARCH_DURATION, KB_SEARCHES
from core.text import say
from knowledge.index.document import Kind
from knowledge.index.index import KINDS, Hit, make_query
from knowledge.index.live import LiveIndex
from knowledge.index.words import meaning, tidy

Confidence = Literal["high", "medium", "weak"]
QUERY_LIMIT = 2000  # characters; what follows is not read
MOST = 500
SNIPPET = 200
# From here on the first hit was the right one, on the benchmark: 9 of 10, and 7 of 10.
HIGH = 0.46
MEDIUM = 0.30
_BY_MEANING = 0.35  # cosine from which the meaning is a reason of its own
_BORDER = re.compile(r"[。；，！？]|\s")
_MARKUP = re.compile(r"(?m)^\s*(?:#{1,6}|[-*+>])\s+|```\w*|\*\*|`")


class SearchItem(msgspec.Struct, frozen=True):
    """One thing found. id: `KB-3` or `INC-7`; score: 0 … 1; matched: why, for people."""

    kind: Kind
    id: str
    title: str
    score: float
    confidence: Confidence
    snippet: str
    matched: str


class SearchResult(msgspec.Struct, frozen=True):
    """What was found, best first."""

    items: list[SearchItem]
    took_ms: int


class Search:
    """Searches published articles and resolved incidents.

    min_score: what scores less is not worth showing. language: of `matched`.
    """

    def __init__(self, index: LiveIndex, min_score: float, language: str) -> None:
        self._index = index
        self._min_score = min_score
        self._language = language

    async def search(
        self, query: str, limit: int = 10, kinds: tuple[str, ...] = ("article", "incident")
    ) -> SearchResult:
        """The best documents for a query of up to 2,000 characters, at most `limit` (1 … 500).

        Raises InvalidInput when the query is empty, or a kind is unknown.
        """
        started = time.monotonic()
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown:
            raise InvalidInput(f"kinds: {unknown[0]!r} is none of {', '.join(KINDS)}")
        text = tidy(query[: 4 * QUERY_LIMIT])[:QUERY_LIMIT]
        if not text:
            raise InvalidInput("the query is empty; say what you look for")
        KB_SEARCHES.inc()
        vector = await self._index.encoder.query(meaning(text))
        hits = await self._index.search(
            make_query(text, vector), max(1, min(limit, MOST)), tuple(kinds)
        )
        items = [self._item(hit) for hit in hits if hit.score >= self._min_score]
        if items:
            KB_HITS.inc()
        took = time.monotonic() - started
        KB_SEARCH_DURATION.observe(took)
        return SearchResult(items, round(took * 1000))

    def _item(self, hit: Hit) -> SearchItem:
        document = hit.document
        return SearchItem(
            kind=document.kind,
            id=document.ref,
            title=document.title,
            score=hit.score,
            confidence=confidence(hit.score),
            snippet=snippet(hit),
            matched=why(hit, self._language),
        )


def confidence(score: float) -> Confidence:
    """How sure a score is."""
    if score >= HIGH:
        return "high"
    return "medium" if score >= MEDIUM else "weak"


def why(hit: Hit, language: str, same: tuple[str, ...] = ()) -> str:
    """Why something was found. same: `service=pay` and the like that it shares."""
    reasons = []
    if hit.exact:
        reasons.append(say("found.name", language))
    if hit.shared:
        shown = say("found.comma", language).join(hit.shared[:3])
        reasons.append(say("found.words", language, words=shown))
    if same:
        reasons.append(say("found.same", language, labels=say("found.comma", language).join(same)))
    if hit.cosine is not None and hit.cosine >= _BY_MEANING:
        reasons.append(say("found.meaning", language))
    return say("found.join", language).join(reasons) or say("found.meaning", language)


def snippet(hit: Hit) -> str:
    """About 200 characters of the matching passage, with the first word that was found."""
    text = tidy(_MARKUP.sub("", hit.passage))
    if len(text) <= SNIPPET:
        return text
    lowered = text.casefold()
    places = (lowered.find(word.casefold()) for word in hit.shared)
    at = next((place for place in places if place >= 0), 0)
    start = max(0, min(at - SNIPPET // 4, len(text) - SNIPPET))
    if start:  # rather begin with a sentence or a word
        borders = [found.end() for found in _BORDER.finditer(text, start, at)]
        start = borders[0] if borders else start
    end = start + SNIPPET
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")
