"""Markdown to HTML that a browser may be given as it is, whoever wrote the Markdown.

Log lines, labels and articles are other people's text: raw HTML is escaped, links lead only to
http and https, images are not loaded (they would tell a stranger who reads what, and when).
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from functools import cache, lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

LIMIT = 60_000  # characters; the worst text of that length takes half a second
_LINK = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_ALIGNED = re.compile(r"text-align:(left|center|right)")


@lru_cache(maxsize=512)
def to_html(text: str, top_heading: int = 3) -> str:
    """`text` as safe HTML; `#` becomes `<h{top_heading}>`, since the page has headings above it.

    A text above `LIMIT` is shown whole but as it is. Call it off the event loop.
    """
    if len(text) > LIMIT:
        return f"<pre>{escape(text)}</pre>"
    return str(_parser(top_heading).render(text))


@cache
def _parser(top_heading: int) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "top_heading": top_heading})
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.validateLink = lambda url: _LINK.match(url) is not None  # type: ignore[method-assign]
    parser.core.ruler.push("settle", _settle)
    parser.add_render_rule("link_open", _link_open)
    return parser


def _settle(state: StateCore) -> None:
    """Headings below the page's own; table alignment as a class, for CSP forbids inline styles."""
    lower = int(state.md.options["top_heading"]) - 1
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + lower)}"
        aligned = _ALIGNED.match(str(token.attrs.pop("style", "")))
        if aligned is not None:
            token.attrs["class"] = f"align-{aligned[1]}"


def _link_open(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: Any,
    env: MutableMapping[str, Any],
) -> str:
    tokens[index].attrs.update(target="_blank", rel="noopener noreferrer nofollow")
    return renderer.renderToken(tokens, index, options, env)
