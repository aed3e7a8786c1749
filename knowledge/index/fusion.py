"""Fusion: one score of what the words say and what the meaning says.

Both sides are brought to 0 … 1 and averaged; on the benchmark that beats rank fusion, and the
score keeps a meaning of its own that confidence can be read from.
"""

from __future__ import annotations

HALF = 40.0  # the BM25 score that counts as one half
# A passage in another language than the query cannot share its words; it is taken to match by
# words in this proportion of how it matches by meaning. Anything from 0.3 to 0.6 does as well.
FOREIGN = 0.4
# How much a passage matches by words, at least, that has every word of the query: a short query
# (an error code) cannot reach a high BM25 score.
COVERED = 0.4
# A name that is the same settles it; the rest only orders such documents among each other.
EXACT = 0.6


def fuse(
    lexical: float, cosine: float | None, *, foreign: bool = False, covered: bool = False
) -> float:
    """The score of a passage, 0 … 1.

    lexical: BM25. cosine: None while there is no vector of it: then the words stand alone.
    foreign: the passage and the query are in different languages. covered: the passage has
    every word of the query.
    """
    by_words = lexical / (lexical + HALF)
    if covered:
        by_words = max(by_words, COVERED)
    if cosine is None:
        return by_words
    by_meaning = max(cosine, 0.0)
    if foreign:
        by_words = max(by_words, FOREIGN * by_meaning)
    return (by_words + by_meaning) / 2


def exact(score: float) -> float:
    """The score of a document whose name was given."""
    return EXACT + (1 - EXACT) * score
