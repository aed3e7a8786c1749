"""An article's markdown becomes the few forms that chat shows, and nothing else."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.render.reply.article import article_blocks
from tests.bot.render.test_escape import PIECES, shape

# A shared machine may stop for a while; how long an example takes says nothing.
unhurried = settings(deadline=None)

HARMLESS = {
    "paragraph_open", "paragraph_close", "inline", "strong_open", "strong_close", "softbreak",
    "hardbreak", "bullet_list_open", "bullet_list_close", "ordered_list_open",
    "ordered_list_close", "list_item_open", "list_item_close", "blockquote_open",
    "blockquote_close",
}  # fmt: skip
bodies = st.lists(
    st.sampled_from([*PIECES, "\n", "\n\n", "\n- ", "\n1. ", "\n> ", "\n# ", "\n```\n", "**b**"]),
    max_size=30,
).map("".join)


@unhurried
@given(bodies)
@example("[x`]`(http://e.x)")
@example("dt`m`d://x")
@example("**[x**](http://e.x)")
def test_no_body_makes_a_link_an_image_or_a_tag(body: str) -> None:
    text = "\n\n".join(article_blocks(body))
    assert set(shape(text)) <= HARMLESS
    assert not re.search(r"\[[^\]]*\]\(", text)
    assert not re.search(r"(?i)dtmd:|dingtalk:|javascript:", text)
    assert "@" not in text


def test_numbers_of_citations_stay_readable() -> None:
    assert article_blocks("清理备份 [1]\n再扩容 [2][3]。") == [
        "清理备份 [1]  \n  再扩容 [2]\\[3]。"
    ]


def test_a_long_body_is_read_in_a_moment() -> None:
    for unit in ("`", "**", "[", "](", "\\", "# ", "- ", "x\n", "#"):
        assert article_blocks(f"# {unit * 100_000}x") is not None
