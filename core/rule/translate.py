r"""RE2 patterns, which speak of one line, rewritten to be looked for in a chunk of many lines.

What is rewritten: `^`, `\A`, `$` and `\z` stand for a line's ends (a line may end in CRLF);
`\s`, `\S` and `\v` mean other sets in other engines; names of groups go, since they may stand
twice; the flags m, s and U change nothing on one line and go; greedy tails go (`fail.*` is
`fail`), since an engine would report each of their ends.

The result finds every line that the pattern finds, and maybe more: each find is confirmed with
the pattern itself on its line. Source: github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import re

import msgspec
import re2

_END = "(?:\\r?$)"
_SPACE = "\\t\\n\\f\\r "
_GROUP_NAME = re.compile(r"\(\?P?<\w+>")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_REPEAT = re.compile(r"\{\d+(?:,\d*)?\}\??")
_HEX = re.compile(r"\\x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\})")
_OCTAL = re.compile(r"\\[0-7]{1,3}")
_PROPERTY = re.compile(r"\\[pP](?:[A-Za-z]|\{\^?[A-Za-z_]+\})")
_CLASS_NAME = re.compile(r"\[:\^?[a-z]+:\]")
_SAME = frozenset("dDwWbBtfnra")
_MANY = frozenset(("*", "+", "*?", "+?"))


class Translation(msgspec.Struct, frozen=True):
    """`text` is for RE2 with never_nl and for Hyperscan; `portable` is false where the two differ
    (Unicode properties, folding of letters by different Unicode versions)."""

    text: str
    portable: bool


def translate(pattern: str) -> Translation | None:
    """The pattern as it is looked for in chunks; None when it must be tried line by line."""
    reader = _Reader(pattern)
    try:
        tokens = reader.read()
    except ValueError:
        return None
    text = "".join(_without_tail(list(tokens)))
    if _finds_nearly_all(text):
        text = "".join(tokens)
        if _finds_nearly_all(text):
            return None
    return Translation(text, reader.portable and not (reader.folds and reader.foldable))


def _finds_nearly_all(text: str) -> bool:
    """Whether single characters match: finding each of them is dearer than trying each line."""
    try:
        found = re2.compile(f"(?m:{text})")
    except re2.error:
        return True
    return any(found.search(probe) is not None for probe in ("", "a", "0", " ", "中"))


def _without_tail(tokens: list[str]) -> list[str]:
    """Drop what only makes a match longer: `a.*$`, `a(?:.*)`, the plus of `a(?:\\d+)`."""
    while True:
        last = len(tokens) - 1
        while last >= 0 and tokens[last] == ")":
            last -= 1
        if last < 1:
            return tokens
        dots = tokens[last] in _MANY and tokens[last - 1] == "."
        if tokens[last] == _END and last >= 2 and tokens[last - 1] in _MANY:
            if tokens[last - 2] != ".":
                return tokens
            del tokens[last]
        elif dots:
            del tokens[last - 1 : last + 1]
        elif tokens[last] in ("+", "+?"):
            del tokens[last]
        else:
            return tokens


class _Reader:
    """Reads a pattern token by token. ValueError on what it does not know."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self.portable = True
        self.folds = False
        self.foldable = False

    def read(self) -> list[str]:
        tokens: list[str] = []
        while self._at < len(self._pattern):
            char = self._pattern[self._at]
            if char == "\\":
                tokens += self._escape()
            elif char == "[":
                tokens.append(self._class())
            elif char == "(":
                tokens.append(self._group())
            elif char == "{":
                tokens.append(self._take(_REPEAT) or self._one("\\{"))
            elif char in "*+?":
                lazy = self._pattern[self._at + 1 : self._at + 2] == "?"
                self._at += 2 if lazy else 1
                tokens.append(char + "?" * lazy)
            elif char == "$":
                tokens.append(self._one(_END))
            elif char in "^|).":
                tokens.append(self._one(char))
            else:
                tokens.append(self._one(self._literal(char)))
        return tokens

    def _one(self, token: str) -> str:
        self._at += 1
        return token

    def _take(self, shape: re.Pattern[str]) -> str | None:
        found = shape.match(self._pattern, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def _literal(self, char: str) -> str:
        if char.isascii():
            return char if char.isalnum() else f"\\x{ord(char):02x}"
        if not char.lower() == char.upper() == char.casefold():
            self.foldable = True
        return char

    def _group(self) -> str:
        if self._take(_GROUP_NAME):
            return "(?:"
        found = _FLAGS.match(self._pattern, self._at)
        if found is None:
            if self._pattern.startswith("(?", self._at):
                raise ValueError
            return self._one("(?:")
        self._at = found.end()
        on, off, close = found.groups()
        flags = "i" if "i" in on else ""
        flags += "-i" if "i" in (off or "") else ""
        self.folds = self.folds or "i" in on
        if close == ":":
            return f"(?{flags}:"
        return f"(?{flags})" if flags else ""

    def _escape(self) -> list[str]:
        char = self._pattern[self._at + 1 : self._at + 2]
        if char == "Q":
            end = self._pattern.find("\\E", self._at)
            quoted = self._pattern[self._at + 2 : end if end >= 0 else None]
            self._at = end + 2 if end >= 0 else len(self._pattern)
            return [self._literal(c) for c in quoted]
        special = {"s": f"[{_SPACE}]", "S": f"[^{_SPACE}]", "v": "\\x0b", "A": "^", "z": _END}
        if char in special:
            self._at += 2
            return [special[char]]
        return [self._escaped(char)]

    def _escaped(self, char: str) -> str:
        """An escape that means the same inside and outside of a class."""
        for shape in (_OCTAL, _PROPERTY):
            if found := self._take(shape):
                self.portable = False
                return found
        if found := self._take(_HEX):
            self.foldable = True
            return found
        if char in _SAME or (char and char.isascii() and not char.isalnum() and char != "\n"):
            self._at += 2
            return "\\" + char
        raise ValueError

    def _class(self) -> str:
        text = self._one("[")
        if self._pattern.startswith("^", self._at):
            text += self._one("^")
        first = True
        while True:
            char = self._pattern[self._at : self._at + 1]
            if not char:
                raise ValueError
            if char == "]" and not first:
                return text + self._one("]")
            first = False
            text += self._member(char)

    def _member(self, char: str) -> str:
        if char == "[":
            return self._take(_CLASS_NAME) or self._one("\\[")
        if char == "-":
            return self._one("-")
        if char == "\\":
            escaped = self._pattern[self._at + 1 : self._at + 2]
            # A vertical tab is no space to RE2, but one to Hyperscan.
            special = {"s": _SPACE, "S": "\\S\\x0b", "v": "\\x0b"}
            if escaped in special:
                self._at += 2
                return special[escaped]
            if escaped in "bBA":
                raise ValueError
            return self._escaped(escaped)
        if not char.isascii() and self._pattern[self._at + 1 : self._at + 2] == "-":
            self.foldable = True
        return self._one(self._literal(char))
