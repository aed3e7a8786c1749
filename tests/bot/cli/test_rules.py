"""`tocsin rules test`: cases in YAML, and an exit code for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from core.errors import ConfigError

RULES = """
rules:
  - {name: oom, match: {any: [OutOfMemory]}, where: {app: shop}, severity: critical,
     resolve: {after: 5m}}
  - {name: disk, match: {any: ["re:No space on (?P<dev>\\\\w+)"]}, fingerprint: [dev],
     for: {count: 3, within: 1m}, resolve: {match: {any: [recovered]}}}
"""


def run(tmp_path: Path, cases: str, *options: str, rules: str = RULES) -> tuple[int, str]:
    path = tmp_path / "cases.yaml"
    path.write_text(rules + cases, "utf-8")
    result = CliRunner().invoke(app, ["rules", "test", str(path), *options])
    if isinstance(result.exception, ConfigError):
        raise result.exception
    return result.exit_code, result.output


def test_cases_that_come_as_expected(tmp_path: Path) -> None:
    code, said = run(
        tmp_path,
        """
cases:
  - name: one alert that ends by itself
    labels: {app: shop}
    given: ["java: OutOfMemory", "all is fine", {at: 30s, line: OutOfMemory again}]
    until: 10m
    expect: [{alert: oom, severity: critical, status: resolved, count: 1, labels: {app: shop}},
             {alert: oom, status: resolved}]
  - name: other logs are not asked
    labels: {app: web}
    given: ["java: OutOfMemory"]
    expect: none
  - name: three within a minute, of one device
    given:
      - {line: No space on sda, repeat: 3, every: 10s}
      - {at: 1h, line: No space on sdb, repeat: 3, every: 50s}
    expect: [{alert: disk, labels: {dev: sda}, status: firing}]
  - name: it recovers
    given: [{line: No space on sda, repeat: 3}, {at: 5s, line: sda recovered}]
    expect: [{rule: disk, status: resolved}]
  - name: events by API
    given: [{event: {labels: {app: shop}, body: OutOfMemory}}]
    expect: [{alert: oom}]
""",
    )
    assert code == 0, said
    assert said.endswith("5 passed, 0 failed\n")


def test_what_differs_is_told(tmp_path: Path) -> None:
    cases = """
cases:
  - name: wrong severity
    labels: {app: shop}
    given: [OutOfMemory]
    expect: [{alert: oom, severity: warning}]
  - name: nothing came
    given: [fine]
    expect: [{alert: oom}]
  - name: not expected
    labels: {app: shop}
    given: [OutOfMemory]
    expect: []
"""
    code, said = run(tmp_path, cases)
    assert code == 1
    assert "FAIL wrong severity" in said
    assert "severity 'critical', not 'warning'" in said
    assert "- expected {alert: oom}" in said
    assert "+ raised {alert: oom, status: firing, severity: critical, count: 1" in said
    assert said.endswith("0 passed, 3 failed\n")
    code, said = run(tmp_path, cases, "--json")
    assert [json.loads(line)["passed"] for line in said.splitlines()] == [False] * 3


def test_rules_of_a_settings_file_with_its_logs(tmp_path: Path) -> None:
    config = (
        RULES + "logs: [{name: s, paths: [x], labels: {app: shop}, multiline: {start: '^E'}}]\n"
    )
    (tmp_path / "config.yaml").write_text(config, "utf-8")
    cases = """
config: config.yaml
cases:
  - name: a stack trace is one event
    log: s
    given: [{line: "E java.lang.OutOfMemoryError\\n  at OutOfMemory.java:7\\nE fine"}]
    expect: [{alert: oom, count: 1}]
"""
    assert run(tmp_path, cases, rules="")[0] == 0


@pytest.mark.parametrize(
    ("cases", "path"),
    [
        ("cases: []", "cases"),
        ("cases: [{name: a, given: [], expect: [], nonsense: 1}]", "cases[0].nonsense"),
        ("cases: [{name: a, given: [{at: soon}], expect: []}]", "cases[0].given[0]"),
        ("cases: [{name: a, given: [{at: 1s}], expect: []}]", "cases.yaml"),
        ("cases: [{name: a, given: [], expect: [{status: broken}]}]", "cases[0].expect[0].status"),
        ("cases: [{name: a, log: none-such, given: [x], expect: []}]", "cases.yaml"),
        (
            "rules: [{name: a, match: {any: ['re:(']}}]\ncases: [{name: a, given: [], expect: []}]",
            "rules[0].match.any[0]",
        ),
        ("]", "cases.yaml"),
    ],
)
def test_a_file_with_mistakes(tmp_path: Path, cases: str, path: str) -> None:
    rules = "" if cases.startswith("rules") else RULES
    with pytest.raises(ConfigError) as caught:
        run(tmp_path, cases, rules=rules)
    problems: list[Any] = caught.value.problems
    assert any(path in problem.path for problem in problems), problems
