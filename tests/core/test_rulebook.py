"""Rules are kept as plain values, and mean the same when they are read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from core.config.settings import Settings
from core.errors import ConfigError
from core.rulebook import RuleBook, RuleSet, body_of, read_rule
from core.store import Database

ROOT = Path(__file__).parents[2]
EVERY_FORM: list[dict[str, Any]] = [
    {"name": "a", "match": {"any": ["x", "re:y\\d+"], "none": ["z"]}, "where": {"app": "shop"}},
    {"name": "b", "where": ['app="shop"', 'host=~"db-.*"', "env!=test"], "for": {"count": 3}},
    {"name": "c", "match": {"any": ["x"]}, "for": {"count": 2, "within": "1500ms", "by": ["h"]}},
    {"name": "d", "match": {"any": ["x"]}, "resolve": {"match": {"any": ["ok"]}, "after": "10m"}},
    {"name": "e", "match": {"any": ["x"]}, "absence": {"for": "10m"}},
    {"name": "f", "match": {"any": ["x"]}, "severity": {"field": "l", "map": {"E": "critical"}}},
    {
        "name": "s",
        "match": {"any": ["x"]},
        "schedule": [
            "nights",
            {
                "times": [{"start_time": "09:00", "end_time": "24:00"}],
                "weekdays": ["monday:friday", "sunday"],
                "days_of_month": ["1:5", "-3:-1"],
                "months": ["january:march"],
                "years": ["2026:2028"],
                "holidays": ["2026-10-01:2026-10-07", "CN"],
                "except_holidays": ["DE-BY"],
                "workdays": ["CN"],
            },
        ],
    },
    {
        "name": "g",
        "match": {"any": ["x"]},
        "severity": [{"when": {"a": "b"}, "is": "info"}, {"is": "warning"}],
    },
]


def documented() -> list[dict[str, Any]]:
    """The rules of the demo and of docs/rules.md."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["rules"]
    for block in (ROOT / "docs" / "rules.md").read_text("utf-8").split("```yaml")[1:]:
        try:
            given = yaml.safe_load(block.split("```")[0])
        except yaml.YAMLError:
            continue
        rules = given.get("rules") if isinstance(given, dict) else given
        found += [r for r in rules or [] if isinstance(r, dict) and "name" in r]
    return found


@pytest.mark.parametrize("given", [*EVERY_FORM, *documented()], ids=lambda rule: rule["name"])
def test_a_rule_means_the_same_when_it_is_read_again(given: dict[str, Any]) -> None:
    rule = read_rule(given)
    stored = orjson.loads(orjson.dumps(body_of(rule)))
    assert read_rule(stored) == rule
    assert body_of(read_rule(stored)) == stored


def settings(*rules: dict[str, Any]) -> Settings:
    return Settings.model_validate({"rules": list(rules)})


async def test_a_change_that_cannot_be_made_leaves_what_is_in_force(db: Database) -> None:
    seen: list[RuleSet] = []

    async def note(made: RuleSet) -> None:
        seen.append(made)

    book = RuleBook(db, settings(EVERY_FORM[0]))
    book.on_change = note
    await book.load()
    await book.create(EVERY_FORM[1], "li.wei")
    assert [r.name for r in seen[-1].rules] == ["a", "b"]
    assert seen[-1].versions == {"a": 1, "b": 1}
    with pytest.raises(ConfigError) as caught:
        await book.reload(settings(EVERY_FORM[1]).rules)
    assert caught.value.problems[0].path == "rules[0].name"
    assert len(seen) == 2
    again = RuleBook(db, settings(EVERY_FORM[1]))
    with pytest.raises(ConfigError):  # a start with such a file is refused too
        await again.load()
