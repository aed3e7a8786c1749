"""The scanner and the evaluator say what a plain reading of the rules says, line by line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import re2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.config.matching import Match, check_pattern
from core.config.rules import Rule
from core.model.event import Event
from core.rule import Evaluator, RuleScanner
from core.rule.finder import make_finders
from core.rule.pattern import Pattern
from core.rule.translate import translate
from core.rule.where import Where

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PIECES = [
    "a", "b", "ERR", "中", "文", ".", ".*", ".+", "a*", "b+", "a?", "[ab]", "[^a]", "[^\\s]", "\\s",
    "\\S+", "\\d", "\\w+", "\\W", "^", "$", "\\b", "\\B", "\\z", "\\A", "(?i)err", "(?:a|b)",
    "(?P<n>\\w)", "(?i:Err)", "a{2}", "[[:alpha:]]", "\\pL", "\\Q.*\\E", "\\x41", "\\t", "(a|)",
    "[中-文]", "\\v", "(?s).", "(?m)$", "(?U)a+", "(?-i)A", " ", "[\\v\\d]", "a|b$", "\\x{4e2d}",
]  # fmt: skip
LINE = st.text(alphabet="abAERr 中文0.\t\r\x0b_é\x85", max_size=8)


def _is_entry(entry: str) -> bool:
    try:
        check_pattern(entry)
    except ValueError:
        return False
    return True


REGEX = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
ENTRY = (
    st.sampled_from(["a", "b", "ab", "ERR", "中", "中文", " ", "a\tb", ".", "\r"])
    | LINE.filter(bool)
    | REGEX.map("re:{}".format)
).filter(_is_entry)
ENTRIES = st.lists(ENTRY, max_size=3)
LABELS = st.dictionaries(st.sampled_from(["app", "host"]), st.sampled_from(["", "x", "y"]))


@st.composite
def rules(draw: st.DrawFn) -> list[Rule]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        match, end = (
            {"any": draw(st.lists(ENTRY, min_size=need, max_size=2)), "all": draw(ENTRIES),
             "none": draw(ENTRIES)}
            for need in (1, 1)
        )  # fmt: skip
        where = draw(LABELS)
        found.append(
            Rule.model_validate(
                {
                    "name": f"r{number}",
                    "match": None if where and draw(st.booleans()) else match,
                    "where": where,
                    "resolve": {"match": end} if draw(st.booleans()) else {},
                    "enabled": draw(st.sampled_from([True, True, True, False])),
                }
            )
        )
    return found


CHUNK = st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n"])), max_size=8).flatmap(
    lambda lines: st.sampled_from(["", "\n"]).map(
        lambda last: "".join(a + b for a, b in lines)[: -1 if lines and not last else None]
    )
)


def lines_of(chunk: bytes) -> list[bytes]:
    lines = chunk.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def holds(match: Match | None, line: bytes) -> bool:
    def one(entry: str) -> bool:
        if entry.startswith("re:"):
            return re2.search(entry[3:], line) is not None
        return entry.encode() in line

    return match is not None and (
        (not match.any or any(map(one, match.any)))
        and all(map(one, match.all))
        and not any(map(one, match.none))
    )


def said(rules: list[Rule], line: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of rules with `match`: those whose match holds, those whose resolve.match holds."""
    able = [r for r in rules if r.enabled and r.match]
    return (
        tuple(r.name for r in able if holds(r.match, line)),
        tuple(r.name for r in able if holds(r.resolve.match, line)),
    )


@pytest.mark.parametrize("use_hyperscan", [True, False], ids=["hyperscan", "re2"])
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(rules=rules(), chunk=CHUNK, labels=LABELS)
def test_a_scan_finds_what_each_line_holds(
    use_hyperscan: bool, rules: list[Rule], chunk: str, labels: dict[str, str]
) -> None:
    able = [r for r in rules if Where(r).holds(labels, {})]
    scanner = RuleScanner(able, use_hyperscan=use_hyperscan)
    raw = chunk.encode()
    expected = [(line, *said(able, line)) for line in lines_of(raw)]
    found = [(hit.line, hit.rules, hit.clears) for hit in scanner.scan(raw)]
    assert found == [one for one in expected if one[1] or one[2]]
    for hit in scanner.scan(raw):
        assert raw[hit.offset :].startswith(hit.line)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(rules=rules(), line=LINE, labels=LABELS)
def test_an_event_is_told_by_the_rules_that_hold(
    rules: list[Rule], line: str, labels: dict[str, str]
) -> None:
    evaluate = Evaluator(rules)
    raw = line.encode().removesuffix(b"\r")
    able = [r for r in rules if r.enabled and Where(r).holds(labels, {})]
    clears = {r.name for r in able if holds(r.resolve.match, raw)}
    fires = {r.name for r in able if r.match is None or holds(r.match, raw)}
    found = evaluate(Event("api", NOW, labels, body=line))
    assert {m.rule for m in found if m.clears} == clears
    assert {m.rule for m in found if not m.clears} == fires - clears

    names, ends = RuleScanner.for_labels(rules, labels).match_text(line)
    at_intake = evaluate(Event("log:x", NOW, labels, body=line, rules=names, clears=ends))
    with_match = {r.name for r in able if r.match is not None}
    assert {m.rule for m in at_intake if m.clears} == clears & with_match
    assert {m.rule for m in at_intake if not m.clears} == (fires - clears) & with_match


@pytest.mark.parametrize("use_hyperscan", [True, False], ids=["hyperscan", "re2"])
@settings(max_examples=300, deadline=None)
@given(entry=REGEX.map("re:{}".format).filter(_is_entry), chunk=CHUNK)
def test_every_line_a_pattern_finds_is_found_in_the_chunk(
    use_hyperscan: bool, entry: str, chunk: str
) -> None:
    """`translate` may find more lines than the pattern, never fewer."""
    raw = chunk.encode()
    pattern = Pattern(entry)
    found: list[tuple[int, int]] = []
    for finder in make_finders([pattern], use_hyperscan=use_hyperscan):
        finder.find(raw, found)
    numbers = {raw.count(b"\n", 0, place) for place, _pattern in found}
    expected = {n for n, line in enumerate(lines_of(raw)) if pattern.holds(line)}
    assert expected <= numbers


@given(REGEX.filter(lambda text: _is_entry(f"re:{text}")))
def test_a_translation_can_be_compiled(text: str) -> None:
    found = translate(text)
    assert found is None or re2.compile(f"(?m:{found.text})")


@pytest.mark.parametrize("entry", ["re:a$", r"re:x\d$", r"re:\d$", r"re:^(a|b)$", "re:(ab|c)$"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_what_stands_at_the_end_of_the_last_line_is_found(entry: str, end: str) -> None:
    scanner = RuleScanner([Rule.model_validate({"name": "r", "match": {"any": [entry]}})])
    word = {"re:a$": "a", "re:(ab|c)$": "c", "re:^(a|b)$": "b"}.get(entry, "x7")
    for length in range(0 if "^" in entry else 100):
        before = f"one\n{'-' * length}"
        (hit,) = scanner.scan(f"{before}{word}{end}".encode())
        assert hit.offset == 4
    assert [h.offset for h in scanner.scan(("\n" * 20 + word + end).encode())] == [20]
    assert len(list(scanner.scan((word + end).encode()))) == 1
