"""Untrusted text made harmless: labels, log lines, annotations, notes and names are data.

`plain` is for titles and anything that is not read as markdown; `escape` is for markdown.
Renderers differ: CommonMark knows `\\*`, what DingTalk's clients do with a backslash is written
nowhere. So what could make a link is taken apart in a way that holds either way, and the rest is
escaped only where it would mean something, to stay readable where backslashes are shown.
"""

from __future__ import annotations

import re

# Colours of terminals, before the escape character itself goes.
_TERMINAL = re.compile(r"\x1b(?:\[[0-9;?]{0,32}[ -/]?[@-~]|[@-Z\\-_])")
# Controls, bidi overrides, zero-width and other characters that show nothing.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Schemes that act when they are clicked: dtmd sends a message as the reader.
_SCHEME = re.compile(
    r"(dtmd|dingtalk|javascript|vbscript|(?<![a-z0-9+.-])data(?=:[\w.+-]{1,64}/|:[,;])):",
    re.IGNORECASE,
)
_SPECIAL = re.compile(
    r"[`*<]"
    r"|\\(?=[!-/:-@\[-`{-~]|$)"
    r"|&(?=#?\w{1,40};)"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word it means nothing
    r"|(?<=\])[(\[:]|\]$"  # links and their definitions: their brackets must not meet
    r"|~(?=~)"
    r"|(?<= )#(?=#*$)"  # at the end of a heading it would vanish
)
_ENTITIES = {"<": "&lt;", "&": "&amp;"}
# What means something at the start of a line only: headings, quotes, lists, rules, tables.
_START = re.compile(r"^(?:(\d{1,9})([.)])(?=\s|$)|([#>+=~|:-]))")
_HALF_AN_ESCAPE = re.compile(r"(?:\\|&[#\w]{0,4})$")


class Markdown(str):
    """Markdown that is safe to show: written by us, with everything untrusted in it escaped."""

    __slots__ = ()


def plain(text: str) -> str:
    """`text` on one line, without anything that hides, reorders, mentions or acts."""
    if not (text.isascii() and text.isprintable()):
        text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _TERMINAL.sub("", text)))
    return defused(" ".join(text.split()))


def defused(text: str) -> str:
    """`text` whose mentions and acting links are words only; one character for one."""
    return _SCHEME.sub("\\1：", text).replace("@", "＠")


def escape(text: str) -> Markdown:
    """`text` as markdown that shows it, and makes no link, mention, heading, image or tag."""
    if isinstance(text, Markdown):
        return text
    text = _SPECIAL.sub(_special, plain(text))
    return Markdown(_START.sub(_at_start, text))


def _special(found: re.Match[str]) -> str:
    return _ENTITIES.get(found[0]) or "\\" + found[0]


def _at_start(found: re.Match[str]) -> str:
    return f"{found[1] or ''}\\{found[2] or found[3]}"


def escape_within(text: str, limit: int, mark: Markdown) -> Markdown:
    """`text` escaped, in at most `limit` characters; what was cut off is said by `mark`."""
    # No text grows shorter by being escaped, but it may by being flattened.
    whole = escape(text[: limit * 8])
    if len(whole) <= limit and len(text) <= limit * 8:
        return whole
    kept = whole[: max(0, limit - len(mark))]
    return Markdown(_HALF_AN_ESCAPE.sub("", kept).rstrip() + mark)
