"""The bytes of a message: line breaks, keywords, and the limit on the final JSON."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.dingtalk.body import (
    MAX_BODY,
    MAX_PARAM,
    fit,
    json_bytes,
    line_breaks,
    markdown_body,
    markdown_param,
)

NOTICE = "…（已截断，/show INC-3 查看全文）"
ANY = st.text(alphabet=st.characters(blacklist_categories=[]), max_size=200)


def test_a_single_line_break_is_one_on_every_client() -> None:
    assert line_breaks("#### 标题\n> db-01\n> 97%\n\n- 一\r\n- 二") == (
        "#### 标题  \n> db-01  \n> 97%\n\n- 一  \n- 二"
    )


@given(ANY)
def test_line_breaks_are_made_once(text: str) -> None:
    assert line_breaks(line_breaks(text)) == line_breaks(text)


def test_a_long_text_is_cut_at_the_end_of_a_line() -> None:
    text = "\n".join(f"- 第 {n} 条告警" for n in range(2000))
    body = json.loads(markdown_body("标题", text, notice=NOTICE))
    lines = body["markdown"]["text"].split("\n")
    assert lines[-1] == NOTICE
    assert lines[-3].rstrip() == f"- 第 {len(lines) - 3} 条告警"


def test_a_long_line_is_cut_outside_a_link() -> None:
    line = "日志 " * 10 + "[看板](https://g.example.com/d/1)"
    for limit in range(json_bytes(line) - 20, json_bytes(line)):
        assert fit(line, limit, "…") == "日志 " * 9 + "日志\n\n…"


@given(ANY, ANY, st.integers(0, 6000), st.lists(ANY.filter(bool), max_size=2))
def test_no_body_is_over_the_limit(title: str, text: str, times: int, keywords: list[str]) -> None:
    keywords = [k.encode("utf-8", "replace").decode() for k in keywords]
    raw = markdown_body(
        title, text * times, msg_uuid="0190-key-1", keywords=keywords, notice=NOTICE
    )
    assert len(raw) <= MAX_BODY
    body = json.loads(raw)
    for shown in (body["markdown"]["title"], body["markdown"]["text"]):
        assert not keywords or any(keyword in shown for keyword in keywords)
    param = markdown_param(title, text * times, notice=NOTICE)
    assert len(param.encode()) <= MAX_PARAM
    assert set(json.loads(param)) == {"title", "text"}


def test_chinese_is_three_bytes_not_six() -> None:
    text = "满" * 6500  # 19,500 bytes as UTF-8, 39,000 as \\u escapes
    assert json.loads(markdown_body("t", text, notice=NOTICE))["markdown"]["text"] == text


def test_the_body_says_what_it_is() -> None:
    assert json.loads(markdown_body("a\nb", "text", msg_uuid="k", notice=NOTICE)) == {
        "msgtype": "markdown",
        "markdown": {"title": "a b", "text": "text"},
        "msgUuid": "k",
    }
