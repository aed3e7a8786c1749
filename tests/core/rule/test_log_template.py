"""Log templates: what varies is masked, like lines are one cluster, and ids never change."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rule.log_template import Template, Templates, name_of
from core.rule.mask import MAX_WORDS, mask

WORDS = st.sampled_from(
    ["timeout", "refused", "login", "7", "10.0.0.7", "alice", "bob", "<*>", "é"]
)
LINES = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=40)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("timeout after 31 ms on 10.0.0.7", "timeout after <NUM> ms on <IP>"),
        ("took 31ms, -3.5 and 99%", "took <NUM>ms, <NUM> and <NUM>%"),
        ("at 2026-01-01T12:00:00.123Z or 12:00:00,5", "at <TIME> or <TIME>"),
        ("peer 10.0.0.7:8080 via fe80::1", "peer <IP>:<NUM> via <IP>"),
        ("id=550e8400-e29b-41d4-a716-446655440000", "id=<UUID>"),
        ("mac 00:1a:2b:3c:4d:5e", "mac <ID>"),
        ("open /var/lib/a.db (C:\\data\\b.db)", "open <PATH> (<PATH>)"),
        ("0xDEADbeef and 5f3a9c1e2b4d", "<HEX> and <HEX>"),
        ("web01 facade deadline v2beta", "web01 facade deadline v2beta"),
        ("磁盘使用率达到93%", "磁盘使用率达到<NUM>%"),
        ("first 1\nsecond 2", "first <NUM>"),
        ("", ""),
    ],
)
def test_what_varies_is_masked(line: str, masked: str) -> None:
    assert " ".join(mask(line)) == masked


def test_a_hostile_line_costs_little() -> None:
    began = time.monotonic()
    for line in ("1." * 50_000, "a:" * 50_000, "/" * 100_000, "f" * 100_000, "1 " * 50_000):
        assert len(mask(line)) <= MAX_WORDS
    assert time.monotonic() - began < 10


def test_like_lines_are_one_and_the_id_stays_while_the_template_generalises() -> None:
    templates = Templates()
    first = templates.learn("user alice cannot reach 10.0.0.7").id
    assert templates.learn("user bob cannot reach 10.0.0.9").id == first
    other = templates.learn("disk sda is 91% full").id
    found = templates.learn("user carol cannot reach 10.0.0.1")
    assert (found.id, found.text, found.size) == (first, "user <*> cannot reach <IP>", 3)
    assert found.name == "user alice cannot reach *"
    assert templates.find("user dave cannot reach 10.1.1.1").id == first != other
    assert len(templates) == 2


def test_a_line_finds_its_way_back_whatever_came_between() -> None:
    templates = Templates()
    first = templates.learn("job alpha ended with code ok").id
    for word in ("beta", "gamma", "delta"):
        templates.learn(f"job {word} ended with code bad")
        templates.learn(f"job {word} began with code bad")
    assert templates.learn("job alpha ended with code ok").id == first


def test_the_one_that_was_not_used_for_longest_is_dropped() -> None:
    templates = Templates(limit=2)
    a = templates.learn("alpha is down").id
    b = templates.learn("bravo went away").id
    templates.learn("alpha is down")
    templates.take_changed()
    c = templates.learn("charlie got lost").id
    assert templates.get(b) is None
    assert {a, c} == {i for i in (a, b, c) if templates.get(i)}
    assert templates.take_changed() == {b, c}
    assert templates.learn("bravo went away").id == b  # and is the same when it comes back


@given(before=LINES, after=LINES, limit=st.integers(1, 6))
def test_a_stored_copy_goes_on_exactly_as_the_original(
    before: list[str], after: list[str], limit: int
) -> None:
    original = Templates(limit=limit)
    stored: dict[str, bytes] = {}
    for line in before:
        original.learn(line)
        for changed in original.take_changed():  # as a commit writes them
            template = original.get(changed)
            stored.pop(changed, None)
            if template is not None:
                stored[changed] = msgspec.json.encode(template)
    decoded = [msgspec.json.decode(row, type=Template) for row in stored.values()]
    copy = Templates(decoded, limit=limit)
    assert len(copy) == len(original) <= limit
    for line in after:
        assert msgspec.json.encode(copy.learn(line)) == msgspec.json.encode(original.learn(line))


@given(lines=LINES)
def test_every_line_that_was_learned_is_found_without_learning(lines: list[str]) -> None:
    templates = Templates()
    for line in lines:
        templates.learn(line)
    known = len(templates)
    for line in lines:
        assert templates.get(templates.find(line).id) is not None
    assert len(templates) == known


def test_a_name_for_a_text_without_a_template() -> None:
    assert name_of("order-42 is late") == "order-* is late"
    assert name_of(" ") == "event"
