"""The lexical side: BM25 over passages, kept in plain dictionaries so that one passage can come
or go without touching the others.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable

K1 = 1.2
B = 0.75
# How many (word, passage) pairs a query may look at; about 4 ms. Rare words come first, and what
# is left of the common ones is added to the passages found by then.
VISITS = 15_000
KEPT = 100
# A base of fewer passages tells little of how common a word is: without this a young one would
# call nothing certain.
FEWEST = 100


class Lexical:
    """Passages by their words. Not safe for several threads at once."""

    def __init__(self) -> None:
        self._postings: dict[str, dict[int, int]] = {}  # word → passage → how often
        self._words: dict[int, tuple[str, ...]] = {}  # passage → its different words
        self._lengths: dict[int, int] = {}
        self._total = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def put(self, passage: int, words: Iterable[str]) -> None:
        """Add a passage, or replace it."""
        self.remove(passage)
        counts = Counter(words)
        for word, count in counts.items():
            self._postings.setdefault(word, {})[passage] = count
        self._words[passage] = tuple(counts)
        self._lengths[passage] = counts.total()
        self._total += counts.total()

    def remove(self, passage: int) -> None:
        """Forget a passage; nothing happens when it is not known."""
        for word in self._words.pop(passage, ()):
            postings = self._postings[word]
            del postings[passage]
            if not postings:
                del self._postings[word]
        self._total -= self._lengths.pop(passage, 0)

    def words_of(self, passage: int) -> frozenset[str]:
        """The different words of a passage."""
        return frozenset(self._words.get(passage, ()))

    def rarity(self, word: str) -> float:
        """The inverse document frequency of a word; 0 when no passage has it."""
        have = len(self._postings.get(word, ()))
        passages = max(len(self), FEWEST)
        return math.log(1 + (passages - have + 0.5) / (have + 0.5)) if have else 0.0

    def having(self, passages: Iterable[int], words: Iterable[str]) -> set[int]:
        """Those of `passages` that have every one of `words`."""
        postings = [self._postings.get(word, {}) for word in set(words)]
        return {passage for passage in passages if all(passage in found for found in postings)}

    def search(self, words: Iterable[str], within: range) -> dict[int, float]:
        """The BM25 score of the best passages (KEPT of them) whose number lies in `within`."""
        rated = sorted(
            (
                (self.rarity(w) * n, self._postings[w])
                for w, n in Counter(words).items()
                if w in self._postings
            ),
            key=lambda pair: (len(pair[1]), -pair[0]),
        )
        if not rated:
            return {}
        mean = self._total / len(self._lengths)
        scores: dict[int, float] = {}
        visits = 0
        for rarity, postings in rated:
            visits += len(postings)
            if visits > VISITS and scores:
                scores = _best(scores)
                postings = {p: postings[p] for p in scores if p in postings}
            for passage, count in postings.items():
                if passage in within:
                    length = self._lengths[passage] / mean
                    gain = rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * length))
                    scores[passage] = scores.get(passage, 0.0) + gain
        return _best(scores)


def _best(scores: dict[int, float]) -> dict[int, float]:
    if len(scores) <= KEPT:
        return scores
    return dict(heapq.nlargest(KEPT, scores.items(), key=lambda pair: pair[1]))
