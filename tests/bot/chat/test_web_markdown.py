"""Markdown from anyone becomes HTML that does nothing but show itself."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.web.markdown import LIMIT, to_html

TAGS = {"h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "blockquote", "pre", "code",
        "em", "strong", "s", "a", "hr", "br",
        "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "target", "rel"},
    "th": {"class"},
    "td": {"class"},
    "code": {"class"},
    "ol": {"start"},
}


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(to_html(text))
    reader.close()
    return reader


def check(text: str) -> None:
    for tag, attributes in read(text).tags:
        assert tag in TAGS, (tag, text)
        assert attributes.keys() <= ATTRIBUTES.get(tag, set()), (tag, attributes, text)
        if tag == "a":
            assert (attributes["href"] or "").lower().startswith(("http://", "https://"))
            assert attributes["rel"] == "noopener noreferrer nofollow"
        if "class" in attributes and tag in {"th", "td"}:
            assert attributes["class"] in {"align-left", "align-right", "align-center"}


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<!-- --><iframe srcdoc='x'>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x) [y](file:///etc/passwd) [z](//evil.example) [r](/logout)",
    "[x](dtmd://dingtalkclient/sendMessage?content=/resolve)",
    '[x](https://a.b "onmouseover=alert(1)")',
    '[x](https://a.b/"onmouseover="alert(1))',
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](https://tracker.example/pixel.png)",
    "![x](javascript:alert(1))",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>\nx\n```',
    "`<b>` **<i>** ~~<u>~~",
    "| <script> | b |\n|:-|-:|\n| <img onerror=x> | [x](javascript:1) |",
    "&lt;script&gt; &#60;script&#62;",
    "# <script>\n\n> <script>\n\n1. <script>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_of_an_attack_is_left(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from([*ATTACKS, "\n", "\n\n", " ", "*", "_", "`", "[", "](", ")", "|"])))
def test_nor_of_attacks_put_together(pieces: list[str]) -> None:
    check("".join(pieces))


@given(st.text(max_size=400))
def test_nor_of_any_text(text: str) -> None:
    check(text)


def test_links_open_elsewhere_and_tell_nothing() -> None:
    ((_p, _), (tag, attributes)) = read("[runbook](https://wiki.example/disk?a=1&b=2)").tags
    assert tag == "a"
    assert attributes["href"] == "https://wiki.example/disk?a=1&b=2"
    assert attributes["target"] == "_blank"


def test_headings_stand_below_the_page_and_newlines_break() -> None:
    assert to_html("# a\n\n###### b") == "<h3>a</h3>\n<h6>b</h6>\n"
    assert to_html("# a", 2) == "<h2>a</h2>\n"
    assert to_html("a\nb") == "<p>a<br />\nb</p>\n"


def test_tables_are_aligned_by_class() -> None:
    html = to_html("| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert '<td class="align-center">1</td>' in html
    assert '<td class="align-right">2</td>' in html
    assert "style" not in html


def test_a_text_too_long_to_render_is_shown_as_it_is() -> None:
    text = "<b>*x*</b>" * LIMIT
    reader = read(text)
    assert reader.tags == [("pre", {})]
    assert reader.text == text
