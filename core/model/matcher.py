"""Label matchers in Alertmanager's syntax: `name="value"`, `!=`, `=~`, `!~`.

Source: Alertmanager documentation, "Matcher". Regular expressions are RE2 and anchored at both
ends; a label that is missing counts as empty.
"""

from __future__ import annotations

import re as _re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
import re2

from core.errors import InvalidInput

Operator = Literal["=", "!=", "=~", "!~"]
_SHAPE = _re.compile(
    r"""^\s*(?P<name>[^\s=!~"{},]+|"(?:[^"\\]|\\.)+")\s*(?P<op>=~|!~|!=|=)\s*(?P<value>.*?)\s*$""",
    _re.DOTALL,
)
_QUOTED = _re.compile(r'"(?:[^"\\]|\\.)*"$', _re.DOTALL)
_ESCAPE = _re.compile(r'\\(["\\n])')


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(f"^(?:{pattern})$", options)


class Matcher(msgspec.Struct, frozen=True):
    """One condition on one label."""

    name: str
    op: Operator
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether `labels` satisfy this condition."""
        have = labels.get(self.name, "")
        if self.op == "=":
            return have == self.value
        if self.op == "!=":
            return have != self.value
        found = _compiled(self.value).match(have) is not None
        return found if self.op == "=~" else not found

    def __str__(self) -> str:
        value = self.value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        return f'{self.name}{self.op}"{value}"'


def _unquote(text: str) -> str:
    return _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], text)


def parse_matcher(text: str) -> Matcher:
    """Read one matcher. Raises InvalidInput that says what is wrong with it."""
    found = _SHAPE.match(text)
    if found is None:
        raise InvalidInput(f'matcher {text!r} is not of the form name="value" (or !=, =~, !~)')
    name, value = found["name"], found["value"]
    if name.startswith('"'):
        name = _unquote(name[1:-1])
    if value.startswith('"'):
        if not _QUOTED.match(value):
            raise InvalidInput(f"matcher {text!r}: the closing quote is missing")
        value = _unquote(value[1:-1])
    if found["op"] in {"=~", "!~"}:
        try:
            _compiled(value)
        except re2.error as error:
            raise InvalidInput(f"matcher {text!r}: not an RE2 pattern: {error}") from error
    op: Operator = found["op"]  # type: ignore[assignment]  # the pattern admits these four only
    return Matcher(name, op, value)


def split_matchers(text: str) -> list[str]:
    """Split `{a="1", b=~"x,y"}` at commas outside quotes."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    parts, current, quoted, escaped = [], "", False, False
    for char in inner:
        if char == "," and not quoted:
            parts.append(current)
            current = ""
            continue
        if char == '"' and not escaped:
            quoted = not quoted
        escaped = char == "\\" and not escaped
        current += char
    return [part for part in [*parts, current] if part.strip()]


def parse_matchers(texts: list[str]) -> tuple[Matcher, ...]:
    """Read a list of matchers; an entry may hold several, separated by commas."""
    return tuple(parse_matcher(part) for text in texts for part in split_matchers(text))
