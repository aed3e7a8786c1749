"""Rules that cannot be used: every mistake of a file is named, with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from core.config.load import parse_settings
from core.errors import ConfigError

DOCS = Path(__file__).parents[3] / "docs"
MISTAKES = """
rules:
  - name: one
    where: ['x=~"("', 'ok="1"', 3]
    fields: {from: regex}
    for: {count: 0, within: soon}
  - {name: twice, match: {any: ["", "re:(", 5]}, nope: 1}
  - {match: {}}
  - {name: three, fields: {from: xml, pattern: "("}, severity: [{when: [x], is: ""}]}
  - {name: twice, match: {none: [x]}, severity: {feld: level}}
  - 7
  - {name: four, where: {a: 1}, enabled: maybe, fields: {from: json, pattern: "(?P<a>x)"}}
"""


def test_a_file_with_twenty_mistakes_reports_all_of_them() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(yaml.safe_load(MISTAKES), {})
    found = {str(p).split(" (got")[0] for p in caught.value.problems}
    paths = sorted(p.path for p in caught.value.problems)
    assert paths == sorted(
        [
            "rules[0].where[0]",
            "rules[0].where[2]",
            "rules[0].fields.pattern",
            "rules[0].for.count",
            "rules[0].for.within",
            "rules[1].match.any[0]",
            "rules[1].match.any[1]",
            "rules[1].match.any[2]",
            "rules[1].nope",
            "rules[2].name",
            "rules[2].match",
            "rules[3].fields.from",
            "rules[3].fields.pattern",
            "rules[3].severity[0].when[0]",
            "rules[3].severity[0].is",
            "rules[3]",
            "rules[4].match",
            "rules[4].severity.field",
            "rules[4].severity.map",
            "rules[4].severity.feld",
            "rules[5]",
            "rules[6].enabled",
            "rules[6].fields.pattern",
            "rules",
        ]
    )
    assert "rules: the name 'twice' stands 2 times" in found
    assert "rules[2].match: give at least one entry under any or all" in found
    assert "rules[1].nope: unknown key" in found


def test_where_takes_a_map_or_matchers() -> None:
    def where(value: object) -> list[str]:
        (rule,) = parse_settings({"rules": [{"name": "a", "where": value}]}, {}).rules
        return [str(m) for m in rule.matchers]

    assert where({"app": "shop", "n": 5, "on": True}) == ['app="shop"', 'n="5"', 'on="true"']
    assert where(['app="shop", n!="5"', 'x=~"a|b"']) == ['app="shop"', 'n!="5"', 'x=~"a|b"']


def test_the_examples_of_the_documentation_can_be_used() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", (DOCS / "rules.md").read_text("utf-8"), re.S)
    assert len(examples) >= 3
    for example in examples:
        assert parse_settings(yaml.safe_load(example), {}).rules


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?:a{1000}){1000}", "a" * 5000, "("])
def test_patterns_that_could_run_away_are_refused(pattern: str) -> None:
    rules = [
        {"name": "a", "match": {"any": [f"re:{pattern}"]}},
        {"name": "b", "match": {"any": ["x"]}, "fields": {"from": "regex", "pattern": pattern}},
        {"name": "c", "where": [f'app=~"{pattern}"'.replace("\\", "\\\\")]},
    ]
    with pytest.raises(ConfigError) as caught:
        parse_settings({"rules": rules}, {})
    paths = {p.path for p in caught.value.problems}
    assert {"rules[0].match.any[0]", "rules[1].fields.pattern"} <= paths
    assert len(paths) == 3 or len(pattern) == 5000
