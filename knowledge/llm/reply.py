"""A model's text as data: thinking removed, JSON found, shape checked."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from knowledge.llm.errors import ModelError

T = TypeVar("T")

_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_END = re.compile(r"^.*</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(r"<(?:think|thinking|reasoning)>.*$", re.DOTALL | re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_STARTS_TRIED = 20
MAX_REPLY = 200_000


def strip_thinking(text: str) -> str:
    """`text` without what the model said to itself.

    Some servers cut the opening tag off, and a model that was cut short never closes it.
    """
    text = _END.sub("", _THINKING.sub("", text[:MAX_REPLY]), count=1)
    return _OPEN.sub("", text).strip()


def parse_json(text: str) -> Any:
    """The first JSON object in `text`: bare, in a code fence, or amid prose.

    Raises ModelError `parse_error`.
    """
    decoder = json.JSONDecoder()
    start = -1
    for _ in range(_STARTS_TRIED):
        start = text.find("{", start + 1)
        if start < 0:
            break
        for candidate in (text[start:], _TRAILING_COMMA.sub(r"\1", text[start:])):
            try:
                value, _end = decoder.raw_decode(candidate)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) and value:
                return value
    raise ModelError("parse_error", "the reply holds no JSON object")


def read(text: str, schema: type[T]) -> T:
    """The JSON object in `text` as `schema`. Raises ModelError `parse_error` or `schema_error`."""
    try:
        return msgspec.convert(parse_json(text), schema, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ModelError("schema_error", "the reply does not have the asked-for fields") from error
