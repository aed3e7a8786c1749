"""BM25 that changes passage by passage equals BM25 built at once."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.lexical import FEWEST, K1, KEPT, B, Lexical

EVERY = range(1 << 40)
texts = st.lists(st.sampled_from("abcdef"), max_size=8)


def bm25(passages: dict[int, list[str]], query: list[str]) -> dict[int, float]:
    """By the book, in the plainest way."""
    mean = sum(map(len, passages.values())) / len(passages)
    scores: dict[int, float] = {}
    for word in query:
        have = sum(word in passage for passage in passages.values())
        rarity = math.log(1 + (max(len(passages), FEWEST) - have + 0.5) / (have + 0.5))
        for number, passage in passages.items():
            count = passage.count(word)
            if count:
                length = K1 * (1 - B + B * len(passage) / mean)
                gain = rarity * count * (K1 + 1) / (count + length)
                scores[number] = scores.get(number, 0) + gain
    return scores


@given(st.dictionaries(st.integers(0, 9), texts, min_size=1), st.data())
def test_scores_are_bm25_whatever_came_and_went(
    passages: dict[int, list[str]], data: st.DataObject
) -> None:
    lexical = Lexical()
    for number in data.draw(st.lists(st.integers(0, 9), max_size=5)):
        lexical.put(number, data.draw(texts))
    for number, passage in passages.items():
        lexical.put(number, passage)
    for number in range(10):
        if number not in passages:
            lexical.remove(number)
    query = data.draw(texts)
    found = lexical.search(query, EVERY)
    expected = bm25(passages, query) if any(passages.values()) else {}
    assert found == pytest.approx(expected)


def test_only_the_wanted_range_is_searched() -> None:
    lexical = Lexical()
    for number in (1, 100):
        lexical.put(number, ["disk"])
    assert lexical.search(["disk"], range(50)).keys() == {1}


def test_common_words_do_not_cost_more_than_the_bound() -> None:
    lexical = Lexical()
    for number in range(20_000):
        lexical.put(number, ["common", "often", f"rare{number % 5000}"])
    found = lexical.search(["common", "often", "rare7"], EVERY)
    assert len(found) <= KEPT
    best = sorted(found, key=lambda number: -found[number])[:4]
    assert sorted(best) == [7, 5007, 10007, 15007]


def test_an_unknown_word_finds_nothing() -> None:
    lexical = Lexical()
    assert lexical.search(["disk"], EVERY) == {}
    lexical.put(1, Counter(a=2))
    assert lexical.search(["disk"], EVERY) == {}
    assert lexical.rarity("disk") == 0
