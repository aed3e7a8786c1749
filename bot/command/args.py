"""Reading a command's arguments from left to right: ids, spans of time, matchers, the rest."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal, cast

import msgspec

from bot.command.parser import Parsed, narrow
from core.config.units import parse_duration
from core.errors import InvalidInput
from core.model.matcher import Matcher, parse_matchers

Kind = Literal["INC", "ALT", "NTF", "UPL", "TSK", "SIL", "OVR", "KB"]
_END = r"(?=$|[\s，。；：、]|[,.;:](?:\s|$))"
_ID = re.compile(
    rf"(?P<kind>INC|ALT|NTF|UPL|TSK|SIL|OVR|KB) ?[-_–—−]? ?(?P<number>\d{{1,12}}){_END}",
    re.IGNORECASE,
)
# A number alone is an id only where it cannot be a part of an address, a time or a sentence.
_NUMBER = re.compile(r"#?(?P<number>\d{1,12})(?=$|[\s,，、])")
_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds", "秒", "秒钟"),
    "m": ("m", "min", "mins", "minute", "minutes", "分", "分钟"),
    "h": ("h", "hr", "hrs", "hour", "hours", "小时", "个小时", "时", "个钟头"),
    "d": ("d", "day", "days", "天", "日"),
    "w": ("w", "week", "weeks", "周", "个星期"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_ONE = rf"(\d{{1,9}}(?:\.\d{{1,6}})?) ?({'|'.join(sorted(_UNIT_OF, key=len, reverse=True))})"
_SPAN = re.compile(rf"(?:{_ONE} ?)+?{_END}", re.IGNORECASE)
_EACH = re.compile(_ONE, re.IGNORECASE)
_HALF = {"半小时": "30m", "半个小时": "30m", "半天": "12h"}
_HALF_SPAN = re.compile(rf"(?:{'|'.join(_HALF)}){_END}")
_SECONDS = re.compile(rf"\d{{1,9}}{_END}")
_MATCHER = re.compile(r"""^\{?\s*(?:"[^"]*"|[\w.:/-]+)\s*(?:=~|!~|!=|=)""")
_SEPARATORS = " ,，;；:：、"
_QUOTES = {'"': '"', "'": "'", "“": "”", "「": "」", "《": "》"}


class Ref(msgspec.Struct, frozen=True):
    """`INC-3`; kind is None when only a number was typed."""

    kind: Kind | None
    number: int


class Args:
    """The arguments that are not read yet. Each reader takes what it finds, or leaves them."""

    def __init__(self, parsed: Parsed) -> None:
        self.mentions = parsed.mentions
        self._text = parsed.text

    @property
    def text(self) -> str:
        """All that is left."""
        return self._text

    def _take(self, length: int) -> str:
        taken, self._text = self._text[:length], self._text[length:].lstrip(_SEPARATORS)
        return taken

    def ref(self) -> Ref | None:
        """An id: `INC-3`, `inc3`, `#3`, `3`. A number with a unit is a span of time instead."""
        text = narrow(self._text)
        if found := _ID.match(text):
            self._take(found.end())
            return Ref(cast(Kind, found["kind"].upper()), int(found["number"]))
        found = _NUMBER.match(text)
        if found is None or self._span_here() is not None:
            return None
        self._take(found.end())
        return Ref(None, int(found["number"]))

    def _span_here(self) -> tuple[str, int] | None:
        """A span of time at the front in parse_duration's form, and its length in the text."""
        text = narrow(self._text)
        if half := _HALF_SPAN.match(text):
            return _HALF[half[0]], half.end()
        found = _SPAN.match(text)
        if found is None:
            return None
        parts = _EACH.findall(found[0])
        return "".join(f"{n}{_UNIT_OF[unit.lower()]}" for n, unit in parts), found.end()

    def span(self, *, bare: bool = False) -> timedelta | None:
        """A span of time: `2h`, `1h30m`, `10 分钟`, `半小时`; bare: also `3600`, in seconds.

        Raises InvalidInput when it is longer than ten years.
        """
        here = self._span_here()
        if here is None and bare and (seconds := _SECONDS.match(narrow(self._text))):
            here = seconds[0], seconds.end()
        if here is None:
            return None
        try:
            length = parse_duration(here[0])
        except ValueError as error:
            raise InvalidInput(str(error)) from error
        self._take(here[1])
        return length

    def matchers(self) -> tuple[Matcher, ...]:
        """Matchers in Alertmanager's syntax, up to the first word that is none.

        Raises InvalidInput that says what is wrong with one.
        """
        found: list[Matcher] = []
        while (word := self._word()) and _MATCHER.match(narrow(word)):
            self._take(len(word))
            found += parse_matchers([_matcher(word)])
        return tuple(found)

    def word(self) -> str:
        """The next word, or an empty text. Quotes keep spaces within a word."""
        return _unquoted(self._take(len(self._word())))

    def _word(self) -> str:
        """The next word as it is typed: up to a space outside quotes; a lone quote is a letter."""
        for quotes in (True, False):
            inside = ""
            for at, char in enumerate(self._text):
                if inside:
                    inside = "" if char == inside else inside
                elif quotes and char in _QUOTES:
                    inside = _QUOTES[char]
                elif char == " ":
                    return self._text[:at]
            if not inside:
                break
        return self._text

    def rest(self) -> str:
        """All that is left, taken."""
        return _unquoted(self._take(len(self._text)))


def _unquoted(text: str) -> str:
    """Without the quotes around the whole of it."""
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing and len(text) > 1 and text.endswith(closing) and closing not in inner:
        return inner.strip()
    return text.strip()


def _matcher(word: str) -> str:
    """A matcher as parse_matchers reads it: narrow signs before the value, straight quotes."""
    at = re.search(r"[=＝]", word)
    end = at.end() + 1 if at else 0
    text = narrow(word[:end]) + word[end:]
    return text.translate(str.maketrans("“”＂", '"""')).strip("{}").rstrip(",，")
