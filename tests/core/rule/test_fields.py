"""Fields pulled from lines, and what rules do with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.matching import Fields
from core.config.rules import Rule
from core.model.event import Event
from core.rule import Evaluator, RuleMatch, RuleScanner
from core.rule.bounds import MAX_FIELDS
from core.rule.extract import extractor_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pulled(line: str, **settings: Any) -> dict[str, str]:
    return extractor_of(Fields.model_validate(settings))(line.encode())


def rule(**settings: Any) -> Rule:
    return Rule.model_validate({"name": "r", **settings})


def read(rules: list[Rule], line: str, **labels: str) -> list[RuleMatch]:
    """What a line of a log with these labels says, from the scan to what the alert takes."""
    matches = []
    for hit in RuleScanner.for_labels(rules, labels).scan(line.encode() + b"\n"):
        event = Event("log:x", NOW, labels, body=hit.text, rules=hit.rules, clears=hit.clears)
        matches += Evaluator(rules)(event)
    return matches


def test_json_is_nested_with_dotted_names() -> None:
    line = '{"level":"error","user":{"id":7,"name":"李"},"ok":true,"t":1.5,"no":null,"tags":["a"]}'
    assert pulled(line, **{"from": "json"}) == {
        "level": "error",
        "user.id": "7",
        "user.name": "李",
        "ok": "true",
        "t": "1.5",
        "tags.0": "a",
    }
    assert pulled(f"2026-01-01 [main] {{pool}} {line}", **{"from": "json"})["user.id"] == "7"


@pytest.mark.parametrize(
    "line",
    ["", "plain", '{"a":', "{" * 50_000, '{"a":' * 20_000, '{"a": NaN}', '{"a": "\\ud800"}', "}{"],
)
def test_what_is_not_json_has_no_fields(line: str) -> None:
    assert pulled(line, **{"from": "json"}) == {}


def test_fields_are_bounded_and_fit_to_be_stored() -> None:
    many = json.dumps({f"k{n}": "v" for n in range(5000)})
    assert len(pulled(many, **{"from": "json"})) == MAX_FIELDS
    found = pulled('{"a\\u0000b": "c\\u0000d", "long": "' + "x" * 60_000 + '"}', **{"from": "json"})
    assert "\0" not in "".join([*found, *found.values()])
    assert len(found["long"]) < 5000
    deep = '{"a":' * 50 + "1" + "}" * 50
    assert pulled(deep, **{"from": "json"}) == {}


def test_logfmt() -> None:
    line = r'ts=2026 level=error msg="disk \"full\"\n" path=/a=b empty= word odd="no end'
    assert pulled(line, **{"from": "logfmt"}) == {
        "ts": "2026",
        "level": "error",
        "msg": 'disk "full"\n',
        "path": "/a=b",
        "empty": "",
        "odd": "no end",
    }


def test_named_groups_of_a_pattern() -> None:
    pattern = r"code=(?P<code>\d+)(?: user=(?P<user>\w+))?"
    assert pulled("x code=17 y", **{"from": "regex", "pattern": pattern}) == {"code": "17"}
    assert pulled("nothing", **{"from": "regex", "pattern": pattern}) == {}


@given(st.text(max_size=200), st.sampled_from(["json", "logfmt"]))
def test_any_text_is_taken(text: str, form: str) -> None:
    line = text.encode("utf-8", "replace").decode()
    found = pulled(line, **{"from": form})
    assert all("\0" not in k and "\0" not in v for k, v in found.items())


def test_fields_in_where_fingerprint_summary_and_severity() -> None:
    slow = rule(
        match={"any": ["request"]},
        fields={"from": "json"},
        where=['app="shop"', 'http.status=~"5..", path!="/health"'],
        fingerprint=["path", "user.id"],
        summary="{path} answered {http.status} for {user.id|nobody}",
        title="{app}: {path}",
        severity=[{"when": {"http.status": 500}, "is": "critical"}, {"is": "P2"}],
    )
    line = '{"msg":"request","path":"/pay","http":{"status":%s},"user":{}}'
    (found,) = read([slow], line % 503, app="shop")
    assert found.annotations["summary"] == "/pay answered 503 for nobody"
    assert found.annotations["title"] == "shop: /pay"
    assert found.fingerprint_values == ("/pay", "")
    assert found.labels == {"app": "shop", "path": "/pay", "severity_raw": "P2"}
    assert found.severity == "warning"
    (worst,) = read([slow], line % 500, app="shop")
    assert worst.severity == "critical"
    assert read([slow], line % 200, app="shop") == []
    assert read([slow], line.replace("/pay", "/health") % 503, app="shop") == []
    assert read([slow], line % 503, app="other") == []
    # The same of an event that is posted.
    posted = Event("api", NOW, {"app": "shop"}, body=line % 503)
    assert [m.rule for m in Evaluator([slow])(posted)] == ["r"]
    assert Evaluator([slow])(Event("api", NOW, {"app": "shop"}, body=line % 200)) == []


def test_severity_by_a_field_looked_up() -> None:
    graded = rule(
        match={"any": ["x"]},
        fields={"from": "logfmt"},
        severity={"field": "level", "map": {"E": "critical", "w": "warning"}, "default": "info"},
    )

    def severity(line: str) -> str:
        return read([graded], line)[0].severity

    assert [severity(f"x level={v}") for v in ("e", "W", "D")] == ["critical", "warning", "info"]
    assert severity("x") == "info"


def test_a_rule_without_match_speaks_of_the_fields_of_every_line() -> None:
    rules = [
        rule(name="word", fields={"from": "json"}, where=['level="error"']),
        rule(name="either", fields={"from": "logfmt"}, where=['level=~"error|fatal"']),
        rule(name="not", fields={"from": "json"}, where=['level!="info"', 'level!=""']),
        rule(name="labels", where=['app="shop"']),
    ]
    lines = '{"level":"error"}\n{"level":"info"}\nlevel=fatal\nlevel=errors\n{"level":"odd"}'
    assert [
        (hit.text, hit.rules)
        for hit in RuleScanner.for_labels(rules, {"app": "shop"}).scan(lines.encode())
    ] == [('{"level":"error"}', ("word", "not")), ("level=fatal", ("either",)),
          ('{"level":"odd"}', ("not",))]  # fmt: skip


def test_what_ends_an_alert_may_have_other_fields() -> None:
    down = rule(
        match={"any": ["down"]},
        fields={"from": "logfmt"},
        where={"level": "error", "app": "shop"},
        resolve={"match": {"any": ["up again"]}},
        fingerprint=["node"],
    )
    (began,) = read([down], "level=error node=a down", app="shop")
    (ended,) = read([down], "level=info node=a up again", app="shop")
    assert (began.clears, ended.clears) == (False, True)
    assert ended.labels["node"] == "a"
    assert read([down], "level=info node=a up again", app="web") == []


def test_named_groups_stand_in_where_too() -> None:
    coded = rule(match={"any": [r"re:exit (?P<code>\d+)"]}, where=['code!="0"'])
    assert [m.rule for m in read([coded], "exit 3")] == ["r"]
    assert read([coded], "exit 0") == []


def test_texts_are_bounded() -> None:
    wide = rule(
        match={"any": ["x"]},
        fields={"from": "logfmt"},
        title="{a}" * 500,
        summary="{a}" * 500,
        annotations={"note": "{a}" * 1000},
    )
    (found,) = read([wide], "x a=" + "y" * 3000)
    assert len(found.annotations["title"]) == 200
    assert len(found.annotations["summary"]) == 500
    assert len(found.annotations["note"]) == 4000


def test_an_owner_is_a_label() -> None:
    (found,) = read([rule(match={"any": ["x"]}, owner="team-a")], "x")
    assert found.labels["owner"] == "team-a"


def test_patterns_that_ruin_other_engines_take_a_moment() -> None:
    evil = r"(?P<x>(a+)+)(b|c)*d"
    hard = rule(
        match={"any": ["re:(a|aa)+$"]},
        fields={"from": "regex", "pattern": evil},
        where=['x=~"(a+)+b"'],
    )
    assert read([hard], "a" * 60_000) == []
