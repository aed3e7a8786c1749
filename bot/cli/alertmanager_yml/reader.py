"""Reading values by their paths: what is of a wrong type, and what could not be translated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.config.units import parse_duration
from core.errors import InvalidInput, Problem
from core.model.matcher import Matcher, Operator, parse_matchers

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}


class Reader:
    """Collects problems (the file cannot be used) and losses (something of it is left out)."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.lost: list[Problem] = []
        self.severities: set[str] = set()  # words that matchers compare the label severity with

    def wrong(self, path: str, text: str) -> None:
        """Something that Alertmanager would refuse."""
        self.problems.append(Problem(path, text))

    def lose(self, path: str, text: str) -> None:
        """Something that has no counterpart."""
        self.lost.append(Problem(path, text))

    def lose_others(self, table: dict[str, Any], path: str, known: Iterable[str]) -> None:
        """Every key that is not among the known."""
        for name in table.keys() - set(known):
            self.lose(f"{path}.{name}" if path else name, "is not translated")

    def table(self, value: Any, path: str) -> dict[str, Any]:
        """A mapping; empty when there is none."""
        if value is None or isinstance(value, dict):
            return value or {}
        self.wrong(path, f"must be a mapping, not {_kind(value)}")
        return {}

    def many(self, value: Any, path: str) -> list[Any]:
        """A list; empty when there is none."""
        if value is None or isinstance(value, list):
            return value or []
        self.wrong(path, f"must be a list, not {_kind(value)}")
        return []

    def tables(self, value: Any, path: str) -> list[tuple[str, dict[str, Any]]]:
        """The mappings of a list, each with its path."""
        found = []
        for i, item in enumerate(self.many(value, path)):
            found.append((f"{path}[{i}]", self.table(item, f"{path}[{i}]")))
        return found

    def text(self, value: Any, path: str) -> str:
        """A text; empty when there is none."""
        if value is None or isinstance(value, str):
            return value or ""
        self.wrong(path, f"must be a text, not {_kind(value)}")
        return ""

    def texts(self, value: Any, path: str) -> list[str]:
        """A list of texts."""
        return [self.text(v, f"{path}[{i}]") for i, v in enumerate(self.many(value, path))]

    def flag(self, value: Any, path: str) -> bool:
        """True or false; false when it is not given."""
        word = self.text(value, path).lower()
        if word and word not in _TRUE | _FALSE:
            self.wrong(path, f"{word[:60]!r} is neither true nor false")
        return word in _TRUE

    def duration(self, value: Any, path: str) -> str:
        """A duration as Prometheus writes it, in words that tocsin knows; a year is 365 days."""
        text = self.text(value, path)
        years, found, rest = text.partition("y")
        if found and years.isdecimal() and len(years) < 4:
            text = f"{int(years) * 365}d{rest}"
        try:
            parse_duration(text)
        except ValueError as error:
            self.wrong(path, str(error))
        return text

    def matchers(self, table: dict[str, Any], path: str, prefix: str = "") -> list[str]:
        """All three forms: `match`, `match_re`, `matchers` (an inhibition's have a prefix)."""
        found: list[Matcher] = []
        pairs: tuple[tuple[str, Operator], ...] = (("match", "="), ("match_re", "=~"))
        for kind, op in pairs:
            at = f"{path}.{prefix}{kind}"
            for label, value in self.table(table.get(f"{prefix}{kind}"), at).items():
                matcher = Matcher(label, op, self.text(value, f"{at}.{label}"))
                found += self._parsed(str(matcher), f"{at}.{label}")
        name = f"{prefix}matchers"
        for i, text in enumerate(self.texts(table.get(name), f"{path}.{name}")):
            found += self._parsed(text, f"{path}.{name}[{i}]")
        return [str(matcher) for matcher in found]

    def _parsed(self, text: str, path: str) -> tuple[Matcher, ...]:
        try:
            found = parse_matchers([text])
        except InvalidInput as error:
            self.wrong(path, str(error))
            return ()
        self.severities |= {m.value for m in found if (m.name, m.op) == ("severity", "=")}
        return found


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return (
        "a mapping"
        if isinstance(value, dict)
        else "a list"
        if isinstance(value, list)
        else "a text"
    )
