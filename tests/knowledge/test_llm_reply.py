"""A model's text as data."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.llm.errors import ModelError, of_status
from knowledge.llm.reply import parse_json, read, strip_thinking


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("<think>hm</think>yes", "yes"),
        ("<THINKING>a\nb</THINKING>\n yes ", "yes"),
        ("hm, let me see</think>yes", "yes"),
        ("<think>cut short", ""),
        ("<think>a</think><think>b</think>yes", "yes"),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_thinking_is_removed(said: str, left: str) -> None:
    assert strip_thinking(said) == left


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}\n```',
        'Sure! {"a": 1} Anything else?',
        '{"a": 1,}',
        'set {x} gives {"a": 1}',
        '{}\n{"a": 1}',
    ],
)
def test_json_is_found(text: str) -> None:
    assert parse_json(text) == {"a": 1}


@pytest.mark.parametrize("text", ["", "no", "[1]", "{", "{" * 100_000, '{"a":' * 50_000, "{}"])
def test_no_json_is_a_parse_error(text: str) -> None:
    with pytest.raises(ModelError) as failed:
        parse_json(text)
    assert failed.value.error_class == "parse_error"


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.text()), min_size=1))
def test_any_object_comes_back_from_a_fence(value: dict[str, object]) -> None:
    assert parse_json(f"ok\n```json\n{json.dumps(value, ensure_ascii=False)}\n```") == value


@given(st.text(max_size=200))
def test_any_text_is_an_answer_or_a_parse_error(text: str) -> None:
    class Shape(msgspec.Struct):
        a: int

    try:
        read(strip_thinking(text), Shape)
        outcome = "read"
    except ModelError as error:
        outcome = error.error_class
    assert outcome in {"read", "parse_error", "schema_error"}


@pytest.mark.parametrize(
    ("status", "code", "error_class"),
    [
        (401, "", "auth"),
        (429, "", "rate_limit"),
        (429, "insufficient_quota", "quota"),
        (400, "content_filter", "content_filter"),
        (418, "", "upstream_4xx"),
        (502, "", "upstream_5xx"),
        (504, "", "timeout"),
    ],
)
def test_classes_by_status_and_code(status: int, code: str, error_class: str) -> None:
    assert of_status(status, code) == error_class
