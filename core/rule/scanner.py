"""The compiled rule set: chunks of log in, the lines that rules speak of out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.config.rules import Rule
from core.rule.finder import Found, make_finders
from core.rule.narrow import Narrow, Taken
from core.rule.pattern import Condition, Pattern
from core.rule.where import Where


@dataclass(frozen=True, slots=True)
class Hit:
    """A line with what holds on it.

    line: UTF-8 without its end (LF or CRLF). offset: where it begins in the scanned chunk, in
    bytes (of the repaired chunk, when its UTF-8 was broken). rules: names of the rules whose
    `match` and `where` hold; clears: of those whose `resolve.match` holds; as the settings order.
    """

    line: bytes
    offset: int
    rules: tuple[str, ...]
    clears: tuple[str, ...]

    @property
    def text(self) -> str:
        """The line as text."""
        return self.line.decode()


def valid_utf8(chunk: bytes) -> bytes:
    """The chunk, with whatever is not UTF-8 replaced by U+FFFD."""
    if chunk.isascii():
        return chunk
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return chunk.decode("utf-8", "replace").encode()
    return chunk


def one_line(text: str) -> bytes:
    """An event's text as one line without its end, since rules speak of lines."""
    line = text.replace("\r\n", " ").replace("\n", " ") if "\n" in text else text
    return line.encode("utf-8", "replace").removesuffix(b"\r")


class RuleScanner:
    """Immutable, and safe to use from several threads.

    A condition holds or not on each line by itself; patterns never see a line's end. Without
    labels only `match` counts, and rules without one are left out; so are, with labels, those
    that have neither `match` nor `fields`: they speak of whole events.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        labels: Mapping[str, str] | None = None,
        use_hyperscan: bool = True,
    ) -> None:
        self._names: list[str] = []
        self._conditions: list[Condition] = []  # two to a rule: its match, its resolve.match
        self._narrows: dict[Condition, Narrow] = {}
        self._of_rule: dict[tuple[str, bool], Condition] = {}
        numbers: dict[str, int] = {}
        patterns: list[Pattern] = []
        users: list[list[int]] = []
        for rule in rules:
            if not rule.enabled:
                continue
            for clears in (False, True):
                for pattern in self._add(rule, labels, clears=clears):
                    number = numbers.setdefault(pattern.entry, len(patterns))
                    if number == len(patterns):
                        patterns.append(pattern)
                        users.append([])
                    users[number].append(len(self._conditions) - 1)
        self._users = [tuple(dict.fromkeys(u)) for u in users]
        self._finders = make_finders(patterns, use_hyperscan=use_hyperscan)

    def _add(
        self, rule: Rule, labels: Mapping[str, str] | None, *, clears: bool
    ) -> tuple[Pattern, ...]:
        if rule.match is None and (labels is None or rule.fields is None):
            return ()
        match = rule.resolve.match if clears else rule.match
        if clears and match is None:
            return ()
        condition = Condition(match)
        triggers = condition.triggers
        if labels is not None:
            where = Where(rule)
            if not (where.holds_at_end(labels) if clears else where.admits(labels)):
                return ()
            if where.needs_line and not clears:
                self._narrows[condition] = Narrow(rule, where, labels)
            if match is None:
                triggers = where.triggers(labels)
        self._names.append(rule.name)
        self._conditions.append(condition)
        self._of_rule[rule.name, clears] = condition
        return triggers

    @classmethod
    def for_labels(cls, rules: Iterable[Rule], labels: Mapping[str, str]) -> RuleScanner:
        """A scanner of what the rules say of a log source with these labels."""
        return cls(rules, labels=labels)

    def __len__(self) -> int:
        """How many conditions there are; a scanner without any finds nothing."""
        return len(self._conditions)

    def scan(self, chunk: bytes) -> Iterator[Hit]:
        """The lines of a chunk on which any condition holds, in order.

        `chunk` holds whole lines, ended by LF or CRLF, the last one maybe without.
        """
        chunk = valid_utf8(chunk)
        found: Found = []
        for finder in self._finders:
            finder.find(chunk, found)
        found.sort()
        size, end = len(chunk), -1
        start = 0
        candidates: set[int] = set()
        for place, number in found:
            if place > end:
                if candidates and (hit := self._confirm(chunk, start, end, candidates)):
                    yield hit
                candidates = set()
                start = chunk.rfind(b"\n", 0, place) + 1
                end = chunk.find(b"\n", place)
                if end < 0:
                    end = size
                if start == size:  # behind the last line's end there is no line
                    continue
            candidates.update(self._users[number])
        if candidates and (hit := self._confirm(chunk, start, end, candidates)):
            yield hit

    def _confirm(self, chunk: bytes, start: int, end: int, candidates: set[int]) -> Hit | None:
        line = chunk[start:end].removesuffix(b"\r")
        rules, clears = self._holding(line, candidates)
        return Hit(line, start, rules, clears) if rules or clears else None

    def _holding(
        self, line: bytes, candidates: set[int]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        rules: list[str] = []
        clears: list[str] = []
        taken: Taken = {}
        for number in sorted(candidates):
            condition = self._conditions[number]
            narrow = self._narrows.get(condition)
            if condition.holds(line) and (narrow is None or narrow.holds(line, condition, taken)):
                name = self._names[number]
                is_match = self._of_rule.get((name, False)) is condition
                (rules if is_match else clears).append(name)
        return tuple(rules), tuple(clears)

    def match_text(self, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(rules, clears) whose `match` holds on one event's text, taken as one line."""
        line = one_line(text)
        found: Found = []
        for finder in self._finders:
            finder.find(line, found)
        candidates = {user for _place, number in found for user in self._users[number]}
        return self._holding(line, candidates)
