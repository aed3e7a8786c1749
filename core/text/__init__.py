"""The message catalogue: every sentence that people read, in zh-CN and en.

Each room keeps its sentences in a file of its own here; a test checks that both languages are
there and take the same values.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

LANGUAGES = ("zh-CN", "en")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every key with its two texts."""
    merged: dict[str, dict[str, str]] = {}
    for room in pkgutil.iter_modules(__path__):
        texts: dict[str, dict[str, str]] = importlib.import_module(f"{__name__}.{room.name}").TEXTS
        twice = merged.keys() & texts.keys()
        if twice:
            raise RuntimeError(f"message keys stand twice in the catalogue: {sorted(twice)}")
        merged.update(texts)
    return merged


def say(key: str, language: str, **values: Any) -> str:
    """The sentence `key` in `language`, with `values` filled in."""
    return catalogue()[key][language].format(**values)
