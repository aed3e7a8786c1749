"""Finders look for many patterns in a chunk of whole lines at once.

Each says where: a position on the line, and which pattern may be there. None misses a line, but
each may name lines that do not fit; those are told apart by trying the patterns on the line.
Chunks are valid UTF-8. Hyperscan's finder is the fast one; RE2's takes what Hyperscan refuses, or
everything where Hyperscan is not installed; the last one tries line by line what can be looked
for in no other way.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

import re2
import structlog

from core.rule.pattern import Pattern
from core.rule.translate import translate

try:
    import hyperscan
except ImportError:  # no wheel for this machine
    hyperscan = None  # type: ignore[assignment,unused-ignore]

log = structlog.get_logger(__name__)
_MEMORY = 256 << 20
_MORE_LINES = b"\n\n"
Found = list[tuple[int, int]]


class Finder(Protocol):
    """Appends (position, pattern number) to `found`, in any order."""

    def find(self, chunk: bytes, found: Found) -> None: ...


def make_finders(patterns: list[Pattern], *, use_hyperscan: bool = True) -> tuple[Finder, ...]:
    """Finders that together look for all of `patterns`; their numbers are their places."""
    fast: dict[int, tuple[bytes, int]] = {}
    slow: dict[int, str] = {}
    single: list[int] = []
    has_hyperscan = use_hyperscan and hyperscan is not None
    for number, pattern in enumerate(patterns):
        if pattern.literal is not None:
            if b"\n" in pattern.literal:
                continue  # no line contains its own end
            slow[number] = "".join(f"\\x{{{ord(c):x}}}" for c in pattern.entry)
            if has_hyperscan:
                fast[number] = ("".join(f"\\x{b:02x}" for b in pattern.literal).encode(), 0)
        elif (translation := translate(pattern.expression)) is None:
            single.append(number)
        else:
            slow[number] = translation.text
            if has_hyperscan and translation.portable:
                flags = (
                    hyperscan.HS_FLAG_UTF8
                    | hyperscan.HS_FLAG_MULTILINE
                    | hyperscan.HS_FLAG_ALLOWEMPTY
                )
                fast[number] = (translation.text.encode(), flags)
    finders: list[Finder] = []
    if fast:
        by_hyperscan = HyperscanFinder(fast)
        finders.append(by_hyperscan)
        slow = {n: t for n, t in slow.items() if n not in fast or n in by_hyperscan.refused}
    finders += _re2_finders(slow)
    if single:
        finders.append(LineFinder({n: patterns[n] for n in single}))
    return tuple(finders)


class HyperscanFinder:
    """All patterns in one pass. `refused` are those it cannot take."""

    def __init__(self, expressions: dict[int, tuple[bytes, int]]) -> None:
        self.refused: set[int] = set()
        self._database: Any = None
        self._local = threading.local()
        try:
            self._database = self._compile(expressions)
        except hyperscan.error:
            self.refused = {n for n, e in expressions.items() if not self._takes(n, e)}
            rest = {n: e for n, e in expressions.items() if n not in self.refused}
            log.info("patterns_scanned_by_re2", patterns=len(self.refused))
            try:
                self._database = self._compile(rest) if rest else None
            except hyperscan.error:  # each alone fits, together they are too large
                self.refused = set(expressions)

    @staticmethod
    def _compile(expressions: dict[int, tuple[bytes, int]]) -> Any:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        database.compile(
            expressions=[text for text, _flags in expressions.values()],
            ids=list(expressions),
            flags=[flags for _text, flags in expressions.values()],
        )
        return database

    @classmethod
    def _takes(cls, number: int, expression: tuple[bytes, int]) -> bool:
        try:
            cls._compile({number: expression})
        except hyperscan.error:
            return False
        return True

    def find(self, chunk: bytes, found: Found) -> None:
        """One pass over the chunk, and one over its last line.

        Hyperscan (5.4) misses `a$` and the like on the last line of what it is given, depending
        on the line's length; so that line is looked at again with more lines behind it.
        """
        if self._database is None:
            return
        last = chunk.rfind(b"\n", 0, max(0, len(chunk) - 1)) + 1
        if last:
            self._scan(chunk, found)
        at_end: Found = []
        self._scan(chunk[last:] + _MORE_LINES, at_end)
        size = len(chunk) - last
        found.extend((last + place, number) for place, number in at_end if place <= size)

    def _scan(self, text: bytes, found: Found) -> None:
        scratch = getattr(self._local, "scratch", None)  # one for each thread
        if scratch is None:
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        self._database.scan(text, match_event_handler=_keep, context=found.append, scratch=scratch)


def _keep(number: int, _start: int, end: int, _flags: int, append: Any) -> None:
    append((end, number))


def _options() -> Any:
    options = re2.Options()
    options.never_nl = True  # a negated class would run on into the next lines
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


def _re2_finders(expressions: dict[int, str]) -> list[Finder]:
    """One finder, or several where RE2 finds all together too large."""
    if not expressions:
        return []
    try:
        return [Re2Finder(expressions)]
    except re2.error:
        if len(expressions) == 1:
            raise
        items = list(expressions.items())
        half = len(items) // 2
        return _re2_finders(dict(items[:half])) + _re2_finders(dict(items[half:]))


class Re2Finder:
    """An alternation finds the lines, a set says which patterns are on them."""

    def __init__(self, expressions: dict[int, str]) -> None:
        self._numbers = list(expressions)
        joined = "|".join(f"(?:{text})" for text in expressions.values())
        self._any = re2.compile(f"(?m:{joined})", _options())
        self._which = re2.Set.SearchSet(_options())
        for text in expressions.values():
            self._which.Add(f"(?m:{text})")
        self._which.Compile()

    def find(self, chunk: bytes, found: Found) -> None:
        """From line to line that has any of the patterns."""
        at, size = 0, len(chunk)
        while at < size and (match := self._any.search(chunk, at)) is not None:
            # A match never crosses lines; an empty one may stand before a line's end.
            place = match.start()
            start = chunk.rfind(b"\n", at, place) + 1 or at
            end = chunk.find(b"\n", place)
            end = size if end < 0 else end
            found.extend((place, self._numbers[i]) for i in self._which.Match(chunk[start:end]))
            at = end + 1


class LineFinder:
    """Tries each pattern on each line."""

    def __init__(self, patterns: dict[int, Pattern]) -> None:
        self._patterns = patterns

    def find(self, chunk: bytes, found: Found) -> None:
        """Every line with every pattern."""
        at = 0
        for line in chunk.split(b"\n"):
            for number, pattern in self._patterns.items():
                if pattern.holds(line.removesuffix(b"\r")):
                    found.append((at, number))
            at += len(line) + 1
