"""The documentation says what is there: commands, metrics, calls, command lines, links, targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from bot.cli.main import app
from bot.command.parser import parse
from bot.command.registry import COMMANDS
from bot.http.routes import TABLE
from core.metrics import REGISTRY
from core.text import LANGUAGES, say

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# Routes that stand outside the table of the API: pages, rooms, callbacks of platforms.
_ADDED = re.compile(r'router\.add_(get|post|put|delete)\(\s*"([^"]+)"')
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def rows(text: str, first: str) -> Iterator[list[str]]:
    """The cells of the table rows whose first cell matches `first`."""
    for line in text.splitlines():
        cells = [c.strip() for c in line.replace("\\|", "\0").strip("|").split("|")]
        if line.startswith("|") and re.fullmatch(first, cells[0]):
            yield [c.replace("\0", "|") for c in cells]


# Commands


@pytest.mark.parametrize(("language", "half"), [("en", 0), ("zh-CN", 1)])
def test_every_command_is_documented_in_both_languages(language: str, half: int) -> None:
    page = text_of("docs/commands.md").split("\n## 中文\n")[half]
    found = {}
    for cells in rows(page, r"`/.*`"):
        typed = cells[0].strip("`")
        found[typed.split()[0].removeprefix("/")] = (typed, cells[1].strip("`"))
    assert found == {c.name: (say(c.usage, language), c.role) for c in COMMANDS}


def test_the_examples_of_the_commands_can_be_typed() -> None:
    names = {c.name for c in COMMANDS}
    examples = [cells[3].strip("`") for cells in rows(text_of("docs/commands.md"), r"`/.*`")]
    assert len(examples) == len(LANGUAGES) * len(names)
    for example in examples:
        line = parse(example)
        assert line is not None
        assert line.name in names


# Metrics


def test_every_metric_is_documented_with_its_labels() -> None:
    documented = set()
    for cells in rows(text_of("docs/metrics.md"), r"`tocsin_\w+(\{[\w,]+\})?`"):
        name, _brace, labels = cells[0].strip("`").rstrip("}").partition("{")
        documented.add((name, cells[1], tuple(labels.split(",")) if labels else ()))
    assert documented == set(metrics())


def metrics() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name as it is scraped, type and labels of every metric."""
    for collector in REGISTRY._collector_to_names:  # the registry has no list of its own
        for family in collector.describe():  # type: ignore[attr-defined]
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield name, family.type, collector._labelnames  # type: ignore[attr-defined]


def test_the_alert_rules_speak_of_metrics_that_are_there() -> None:
    known = {name for name, _type, _labels in metrics()}
    for fence in _FENCE.findall(text_of("docs/metrics.md")):
        for name in re.findall(r"\btocsin_\w+", fence):
            assert name.removesuffix("_bucket") in known


# HTTP


def documented_calls() -> dict[tuple[str, str], str]:
    """(method, path) → role, of docs/http.md."""
    found = {}
    for cells in rows(text_of("docs/http.md"), r"`(GET|POST|PUT|DELETE) /.*`"):
        method, path = cells[0].strip("`").split()
        assert (method, path) not in found, f"{method} {path} stands twice"
        found[method, path] = cells[1].strip("`")
    return found


def test_every_call_of_the_api_is_documented_with_its_role() -> None:
    documented = documented_calls()
    for route in TABLE:
        assert documented.get((route.method, route.path)) == (route.role or "none"), route.path


def test_no_call_is_documented_that_is_not_there() -> None:
    served = {(route.method, route.path) for route in TABLE}
    for file in (ROOT / "bot").rglob("*.py"):
        served |= {(m.upper(), path) for m, path in _ADDED.findall(file.read_text("utf-8"))}
    assert documented_calls().keys() == served


# Command line


def command_lines() -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Every `tocsin …` of the command line: its words, and its long options."""

    def walk(group: TyperGroup, words: tuple[str, ...]) -> Iterator[Any]:
        for name, command in group.commands.items():
            if isinstance(command, TyperGroup):
                yield from walk(command, (*words, name))
            else:
                opts = {o for p in command.params for o in p.opts if o.startswith("--")}
                yield (*words, name), opts

    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return walk(group, ())


def test_every_command_line_is_documented_with_its_options() -> None:
    documented = {}
    for cells in rows(text_of("docs/command-line.md"), r"`tocsin .*`"):
        words = tuple(w for w in cells[0].strip("`").split()[1:] if w.islower())
        documented[words] = set(re.findall(r"--[a-z-]+", cells[2]))
    assert documented == dict(command_lines())


def test_no_command_line_is_documented_that_is_not_there() -> None:
    known = {words for words, _options in command_lines()}
    for page in PAGES:
        text = page.read_text("utf-8")
        quoted = re.findall(r"`tocsin ([a-z][a-z -]*)", text)
        typed = re.findall(
            r"^(?:\$ |\.venv/bin/)?tocsin ([a-z][a-z -]*)", "".join(_FENCE.findall(text)), re.M
        )
        for line in [*quoted, *typed]:
            words = tuple(line.split(" -")[0].split())
            assert any(words[: len(k)] == k or k[: len(words)] == words for k in known), (
                page,
                line,
            )


# Links and targets


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if "://" not in link and not link.startswith("#"):
            assert (page.parent / link.split("#")[0]).exists(), link


def test_every_page_is_in_the_index() -> None:
    index = set(_LINK.findall(text_of("docs/README.md")))
    assert index == {p.name for p in (ROOT / "docs").glob("*.md")} - {"README.md"}
    for readme in ("README.md", "README.zh-CN.md"):
        assert "docs/README.md" in _LINK.findall(text_of(readme))


def test_the_make_targets_of_the_documentation_exist() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", text_of("Makefile"), re.M))
    for page in PAGES:
        for target in re.findall(r"`make ([a-z][a-z0-9-]*)", page.read_text("utf-8")):
            assert target in targets, (page, target)
