"""The catalogue of messages: both languages, the same values, no key that nothing says."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from core.text import LANGUAGES, catalogue

ROOT = Path(__file__).parents[2]
KEYS = sorted(catalogue())


def values_of(text: str) -> set[str]:
    return {
        name.split(".")[0].split("[")[0]
        for _text, name, _spec, _conv in Formatter().parse(text)
        if name
    }


@pytest.mark.parametrize("key", KEYS)
def test_a_sentence_stands_in_both_languages_and_takes_the_same_values(key: str) -> None:
    texts = catalogue()[key]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert values_of(texts["zh-CN"]) == values_of(texts["en"])


def test_chinese_is_chinese() -> None:
    """Where both texts are the same there is nothing to translate: names, figures, signs."""
    same = [k for k in KEYS if catalogue()[k]["zh-CN"] == catalogue()[k]["en"]]
    assert [
        k for k in same if len(re.findall(r"[a-z]{3,} [a-z]{3,}", catalogue()[k]["en"])) > 0
    ] == []
