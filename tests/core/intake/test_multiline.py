"""Stack traces are one event, whole, however they are written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config.rules import Rule
from core.config.settings import LogSource, Multiline
from core.intake.lines import LINE_MAX
from core.intake.multiline import Joiner
from core.intake.tail import Tail
from core.model.event import Event
from core.store import Journal

START = r"^\d{4}-"
TRACE = (
    "2026-01-01 ERROR cannot pay\n"
    "java.sql.SQLException: too many connections\n"
    "\tat shop.Pay.run(Pay.java:7)\n"
)
RULE = Rule.model_validate(
    {"name": "sql", "match": {"all": ["ERROR", "re:java\\.sql\\.\\w+"]}, "where": {"app": "shop"}}
)
PART = st.sampled_from(["2026-a", "x", "", "中 文", "\tat y", "2026-b\r"])


def joiner(**settings: Any) -> Joiner:
    return Joiner(Multiline.model_validate({"start": START, **settings}), "utf-8")


def test_an_event_is_one_line_of_the_same_length() -> None:
    text, joined = joiner().join((TRACE + "2026-01-02 fine\n").encode())
    assert len(text) == len(joined)
    assert joined.count(b"\n") == 2
    assert joined.startswith(b"2026-01-01 ERROR cannot pay java.sql.SQLException: too many")


@given(lines=st.lists(PART, min_size=1, max_size=12), end=st.sampled_from(["", "\n"]))
def test_nothing_is_lost_and_events_begin_where_the_pattern_fits(
    lines: list[str], end: str
) -> None:
    raw = ("\n".join(lines) + end).encode()
    text, joined = joiner(max_lines=4).join(raw)
    assert text == raw.replace(b"\r\n", b"\n")
    events = joined.removesuffix(b"\n").split(b"\n")
    for event in events[1:]:
        assert event.startswith(b"2026-") or len(lines) > 4
    whole = joiner(max_lines=4).settled(raw)
    rest = raw[whole:]
    assert whole == 0 or raw[whole - 1 : whole] == b"\n"
    assert joiner(max_lines=4).settled(rest) == 0  # what is left is one event


def test_an_event_is_bounded() -> None:
    many = joiner(max_lines=3).join(b"2026-\n" + b"x\n" * 10)[1]
    assert many.count(b"\n") == 4
    large = joiner(max_lines=10_000).join(b"2026-\n" + (b"y" * 999 + b"\n") * 200)[1]
    assert max(map(len, large.split(b"\n"))) <= LINE_MAX


def test_lines_of_another_encoding() -> None:
    settings = Multiline.model_validate({"start": "^错误"})
    one = Joiner(settings, "gb18030")
    raw = "错误 一\n  细节\n错误 二\n".encode("gb18030")
    assert one.settled(raw) == len("错误 一\n  细节\n".encode("gb18030"))


@pytest.mark.parametrize("start", ["", "(", "x*", ".*"])
def test_a_start_that_cannot_be_used(start: str) -> None:
    with pytest.raises(ValidationError):
        Multiline.model_validate({"start": start})


Begin = Callable[..., Awaitable[Tail]]


@pytest.fixture
async def begin(journal: Journal, tmp_path: Path) -> AsyncIterator[Begin]:
    tails: list[Tail] = []

    async def start(**settings: Any) -> Tail:
        source = {"name": "shop", "paths": [f"{tmp_path}/*.log"], "labels": {"app": "shop"}}
        multiline = {"start": START, "quiet": "300ms"}
        log = LogSource.model_validate({**source, "multiline": multiline, **settings})
        tails.append(tail := Tail(log, [RULE], journal))
        await tail.start()
        return tail

    yield start
    for tail in tails:
        await tail.stop()


async def events(journal: Journal, count: int) -> list[Event]:
    async with asyncio.timeout(15):
        while True:
            found = [e for batch in await journal.after(0) for e in batch.events]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


async def test_a_stack_trace_written_in_pieces_is_one_event(
    journal: Journal, tmp_path: Path, begin: Begin
) -> None:
    path = tmp_path / "app.log"
    path.write_text("")
    tail = await begin(multiline={"start": START, "quiet": "1h"})
    for piece in (TRACE[:40], TRACE[40:70], TRACE[70:]):
        with path.open("a") as file:
            file.write(piece)
        await tail.caught_up()
    assert await events(journal, 0) == []  # it may go on
    with path.open("a") as file:
        file.write("2026-01-01 INFO next\n")
    (event,) = await events(journal, 1)
    assert event.body == TRACE.rstrip("\n")
    assert event.rules == ("sql",)


async def test_the_last_event_is_told_after_a_short_quiet(
    journal: Journal, tmp_path: Path, begin: Begin
) -> None:
    await begin(start_at="beginning")
    (tmp_path / "app.log").write_text("2026-01-01 INFO a\n" + TRACE)
    (event,) = await events(journal, 1)
    assert event.body == TRACE.rstrip("\n")


async def test_what_was_held_back_is_read_again_after_a_restart(
    journal: Journal, tmp_path: Path, begin: Begin
) -> None:
    path = tmp_path / "app.log"
    path.write_text("")
    first = await begin(multiline={"start": START, "quiet": "1h"})
    with path.open("a") as file:
        file.write(TRACE[:60])
    await first.caught_up()
    await first.stop()
    with path.open("a") as file:
        file.write(TRACE[60:])
    await begin()
    (event,) = await events(journal, 1)
    assert event.body == TRACE.rstrip("\n")
