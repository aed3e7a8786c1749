"""Untrusted text stays text, whatever it holds, wherever in a message it stands."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.render.escape import Markdown, escape, escape_within, plain

# A shared machine may stop for a while; how long an example takes says nothing.
unhurried = settings(deadline=None)

PIECES = [
    "[", "]", "(", ")", "](", "][", "]:", "[x](http://e.x)", "![i](http://e.x/i.png)", "<", ">",
    "<b>", "<font color=red>", "</p>", "<http://e.x>", "&lt;", "&#91;", "&", "#", "# ", "###### ",
    "> ", "- ", "+ ", "1. ", "1) ", "---", "===", "***", "**", "*", "_", "__", "`", "```", "~~",
    "~~~", "|", "|-|", ":-:", "\\", "!", "@", "@all", "@13800001111", "dtmd://dingtalkclient/",
    "dingtalk://x", "javascript:alert(1)", "JavaScript:", "data:text/html,x", "DTMD:", "http://e.x",
    "\n", "\r\n", "\u2028", "\t", "    ", "\u200b", "\u202e", "\ufeff", "\x00", "\x1b[31m",
    "\ud800", "磁盘", "word", "7", " ", ".",
]  # fmt: skip
untrusted = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=12).map(
    "".join
)
PLACES = [
    "{}",
    "- {}",
    "- **x** INC-1  \n  {}",
    "> {}",
    "#### {}",
    "**{}** x",
    "摘要：{} [打开](http://room/)",
    "x  \n  {}",
    "1. {}",
]
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shape(markdown: str) -> list[str]:
    """The kinds of everything in a markdown text, but not its words."""
    kinds: list[str] = []
    for token in _MARKDOWN.parse(markdown):
        kinds.append(token.type)
        kinds += [c.type for c in token.children or [] if not c.type.startswith("text")]
    return kinds


def words(markdown: str) -> str:
    """The words of a markdown text, as a reader sees them."""
    inline = [t for t in _MARKDOWN.parse(markdown) if t.type == "inline"]
    return "".join(c.content for t in inline for c in t.children or [])


@unhurried
@given(untrusted, st.sampled_from(PLACES))
@example("[x]", "{}: http://e.x")
@example("\\", "**{}** x")
def test_it_makes_nothing_but_words(text: str, place: str) -> None:
    shown = escape(text)
    if not shown:
        return
    assert shape(place.format(shown)) == shape(place.format("x"))
    assert words(place.format(shown)) == words(place.format("X")).replace("X", plain(text), 1)


@unhurried
@given(untrusted, untrusted)
def test_two_of_them_make_nothing_together(one: str, other: str) -> None:
    first, second = escape(one), escape(other)
    if first and second:
        assert shape(f"- {first} {second}  \n  {first}") == shape("- x x  \n  x")


@unhurried
@given(untrusted)
def test_renderers_that_know_no_backslash_make_no_link(text: str) -> None:
    shown = escape(text)
    assert not re.search(r"\[[^\]]*\]\(", shown)
    assert not re.search(r"<[a-zA-Z/!]", shown)
    assert not re.search(r"\*\*", shown)


@unhurried
@given(untrusted)
def test_nothing_acts_mentions_hides_or_breaks_the_line(text: str) -> None:
    for shown in (plain(text), escape(text)):
        assert not re.search(r"(?i)(?:dtmd|dingtalk|javascript|vbscript|data:text/html):?//", shown)
        assert not re.search(r"(?i)dtmd:|dingtalk:|javascript:|vbscript:", shown)
        assert "@" not in shown
        assert not re.search("[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", shown)
        shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("db-01 磁盘 97%", "db-01 磁盘 97%"),
        ("[main] ERROR o.a.c.Pool - timeout (30s)", "[main] ERROR o.a.c.Pool - timeout (30s)"),
        ("C:\\temp\\x.log", "C:\\temp\\x.log"),
        ("db_pool_size=10", "db_pool_size=10"),
        ("__init__", "\\_\\_init\\_\\_"),
        ("a->b <nil>", "a->b &lt;nil>"),
        ("# root", "\\# root"),
        ("10.0.0.7 down", "10.0.0.7 down"),
        ("1. df -h", "1\\. df -h"),
        ("see [run](dtmd://x?c=%2Fack)", "see [run]\\(dtmd：//x?c=%2Fack)"),
        ("\x1b[31mred\x1b[0m\n\tnext", "red next"),
        ("ping @all root@db", "ping ＠all root＠db"),
    ],
)
def test_ordinary_text_stays_readable(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_what_is_markdown_already_is_left_alone() -> None:
    assert escape(Markdown("**x**")) == "**x**"
    assert escape(escape("*")) == "\\*"


@unhurried
@given(untrusted, st.integers(20, 60))
def test_what_is_cut_is_bounded_harmless_and_says_so(text: str, limit: int) -> None:
    mark = Markdown("…（已截断）")
    shown = escape_within(text, limit, mark)
    assert len(shown) <= limit
    assert shown == escape(text) or shown.endswith(mark)
    if shown:
        assert shape(f"- {shown} x") == shape("- x x")
