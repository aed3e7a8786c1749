"""What people's keyboards make of a command, and what the bot reads."""

from __future__ import annotations

import contextlib
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.command.args import Args, Ref
from bot.command.parser import MAX_TEXT, Parsed, parse
from core.errors import InvalidInput

# A shared machine may stop for a while; how long an example takes says nothing.
unhurried = settings(deadline=None)

HOUR = timedelta(hours=1)


def args(text: str) -> Args:
    return Args(Parsed("x", text))


@pytest.mark.parametrize(
    "line",
    [
        "/ack INC-3 2h",
        " /ack INC-3 2h",
        "／ack INC-3 2h",
        "／ＡＣＫ INC-3 2h",
        "/ ack INC-3 2h",
        "/ACK\u00a0INC-3\u30002h",
        "\u200b/ack\u200b INC-3 \u200e2h\ufeff",
        "@tocsin /ack INC-3 2h",
        "@tocsin\u2005/ack @tocsin INC-3 2h",
        "<@U012AB3CD> /ack INC-3 2h",
        "/ack@tocsin INC-3 2h",
        "/ack INC-3 2h @tocsin",
        "/ack\nINC-3\t2h",
    ],
)
def test_every_keyboard_is_understood(line: str) -> None:
    found = parse(line)
    assert found is not None
    assert found.name == "ack"
    assert found.text.split() == ["INC-3", "2h"]


@pytest.mark.parametrize(
    "line", ["", " ", "hello", "请 /ack 3", "/", " / ", "//x", "@tocsin", "@tocsin 你好", "1/2"]
)
def test_talk_is_no_command(line: str) -> None:
    assert parse(line) is None


def test_words_that_stand_close_are_told_apart() -> None:
    assert parse("/search磁盘满") == Parsed("search", "磁盘满")
    assert parse("/ack3") == Parsed("ack", "3")
    assert parse("/静默 2h") == Parsed("静默", "2h")


def test_mentions_at_the_ends_are_taken_off_and_those_within_are_kept() -> None:
    found = parse("/note @bot INC-3 请 @wang 看一下 @bot")
    assert found == Parsed("note", "INC-3 请 @wang 看一下", ("bot", "wang", "bot"))
    assert parse("/assign INC-3 ＠li.wei") == Parsed("assign", "INC-3", ("li.wei",))


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("INC-3", Ref("INC", 3)),
        ("inc3 x", Ref("INC", 3)),
        ("Inc 3", Ref("INC", 3)),
        ("ＩＮＣ－３", Ref("INC", 3)),
        ("INC–3：重启", Ref("INC", 3)),
        ("#3", Ref(None, 3)),
        ("3，正在处理", Ref(None, 3)),
        ("alt-7", Ref("ALT", 7)),
        ("upl7", Ref("UPL", 7)),
        ("2h", None),
        ("10 分钟 扩容", None),
        ("10.0.0.7 重启了", None),
        ("10:30 发布", None),
        ("incident 3", None),
        ("正在处理", None),
        ("", None),
    ],
)
def test_ids(text: str, ref: Ref | None) -> None:
    assert args(text).ref() == ref


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("1h", HOUR),
        ("60m 发布", HOUR),
        ("60 分钟", HOUR),
        ("1小时", HOUR),
        ("１小时", HOUR),
        ("1个小时", HOUR),
        ("1 Hour", HOUR),
        ("30m30m", HOUR),
        ("半小时", HOUR / 2),
        ("10秒", timedelta(seconds=10)),
        ("1.5d", timedelta(hours=36)),
        ("90min, 扩容", timedelta(minutes=90)),
        ("3600", None),
        ("2hours later", timedelta(hours=2)),
        ("2小时后处理", None),
        ("h", None),
        ("", None),
    ],
)
def test_spans_of_time(text: str, length: timedelta | None) -> None:
    assert args(text).span() == length


def test_a_bare_number_is_seconds_where_a_span_must_stand() -> None:
    assert args("3600 发布").span(bare=True) == HOUR


def test_a_span_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidInput, match="ten years"):
        args("99999d").span()


def test_what_was_read_is_gone_and_the_rest_is_left() -> None:
    reading = args("INC-3, 2h：  “正在 扩容”")
    assert reading.ref() == Ref("INC", 3)
    assert reading.span() == 2 * HOUR
    assert reading.rest() == "正在 扩容"
    assert reading.text == ""


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ('alertname=DiskFull host=~"db-.*" 2h', ['alertname="DiskFull"', 'host=~"db-.*"']),
        ("alertname＝DiskFull 2h", ['alertname="DiskFull"']),
        ("host=“db 01” 2h", ['host="db 01"']),
        ('{app="shop", env!="test"} 2h', ['app="shop"', 'env!="test"']),
        ("app=shop,env=prod 2h", ['app="shop"', 'env="prod"']),
        ("2h a=b", []),
    ],
)
def test_matchers(text: str, matchers: list[str]) -> None:
    reading = args(text)
    assert [str(m) for m in reading.matchers()] == matchers
    assert reading.span() == 2 * HOUR


def test_a_matcher_that_is_none_says_why() -> None:
    with pytest.raises(InvalidInput, match="RE2"):
        args('host=~"(" 2h').matchers()


garbage = st.text(max_size=200) | st.lists(
    st.sampled_from(
        ["/", "／", "ack", " ", "@", "<@", "@x", "INC-", "3", "2h", "=", "=~", '"', "“", "'", "{",
         "}", ",", "\\", "\u200b", "\u3000", "\x00", "\ud800", "半小时", "分", "9" * 30, "\n"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@unhurried
@given(garbage)
def test_nothing_typed_makes_it_fail(text: str) -> None:
    for line in (text, f"/{text}", f"/ack {text}"):
        found = parse(line)
        if found is None:
            continue
        assert found.name
        assert found.name == found.name.lower()
        assert len(found.text) <= MAX_TEXT
        reading = Args(found)
        with contextlib.suppress(InvalidInput):
            reading.ref()
            reading.matchers()
            reading.span(bare=True)
        reading.word()
        reading.rest()
        assert reading.text == ""


@pytest.mark.parametrize(
    "unit", ["@", "@x ", '"', '\\"', "“", "a=b ", "a", "=", " ", "3", "h3", "<@", "\u200b"]
)
def test_a_hundred_kilobytes_are_read_in_a_moment(unit: str) -> None:
    line = "/silence " + unit * (100_000 // len(unit))
    began = time.perf_counter()
    found = parse(line)
    if found is not None:
        assert found.too_long
        reading = Args(found)
        reading.ref()
        reading.span()
        with contextlib.suppress(InvalidInput):
            reading.matchers()
        reading.word()
    # It takes a few milliseconds; what is quadratic in a long line would take minutes.
    assert time.perf_counter() - began < 2
