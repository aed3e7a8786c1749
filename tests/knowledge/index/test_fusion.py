"""One score of words and meaning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.fusion import COVERED, EXACT, exact, fuse

lexical = st.floats(0, 1000)
cosine = st.floats(-1, 1)


def test_the_benchmarks_formula() -> None:
    assert fuse(40, 0.6) == (0.5 + 0.6) / 2
    assert fuse(0, -0.3) == 0


def test_words_stand_alone_until_there_is_a_vector() -> None:
    assert fuse(40, None) == 0.5


def test_another_language_is_not_held_against_a_passage() -> None:
    assert fuse(0, 0.5, foreign=True) > fuse(0, 0.5)
    assert fuse(80, 0.5, foreign=True) == fuse(80, 0.5)


def test_a_short_query_whose_every_word_is_there() -> None:
    assert fuse(5, 0, covered=True) == COVERED / 2
    assert fuse(400, 0, covered=True) == fuse(400, 0)


@given(lexical, cosine, st.booleans())
def test_scores_lie_between_0_and_1_and_grow(bm25: float, cos: float, foreign: bool) -> None:
    score = fuse(bm25, cos, foreign=foreign)
    assert 0 <= score <= 1
    assert fuse(bm25 + 1, cos, foreign=foreign) >= score
    assert exact(score) >= max(score, EXACT)
