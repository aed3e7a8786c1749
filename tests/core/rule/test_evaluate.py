"""What an alert takes from the rule that raised it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.config.rules import Rule
from core.decide.signal import signals_of
from core.model.event import Event
from core.rule import Evaluator
from core.rule.log_template import Templates
from core.rule.shorten import CUT

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rule(**settings: Any) -> Rule:
    return Rule.model_validate({"name": "oom", **settings})


def line(body: str, *, rules: tuple[str, ...] = (), clears: tuple[str, ...] = ()) -> Event:
    return Event("log:shop", NOW, {"app": "shop"}, body=body, rules=rules, clears=clears)


def posted(body: str = "", labels: dict[str, str] | None = None, **annotations: str) -> Event:
    return Event("api", NOW, labels or {}, annotations, body=body)


OOM = rule(
    match={"any": ["OutOfMemory", r"re:killed process (?P<pid>\d+) \((?P<process>\w+)\)"]},
    resolve={"match": {"any": [r"re:(?P<process>\w+) recovered"]}},
    severity="critical",
    fingerprint=["app", "process"],
    summary="{process} on {app} killed, see {nowhere}",
    labels={"team": "shop"},
    annotations={"hint": "look at {process}"},
    runbook="https://wiki.example.com/oom",
)


def test_a_line_of_a_log_matches_by_the_names_found_at_intake() -> None:
    (match,) = Evaluator([OOM])(line("killed process 42 (java) score 9", rules=("oom", "gone")))
    assert match.rule == "oom"
    assert match.labels == {"app": "shop", "team": "shop", "process": "java"}
    assert match.fingerprint_values == ("shop", "java")
    assert match.severity == "critical"
    assert match.annotations["summary"] == "java on shop killed, see {nowhere}"
    assert match.annotations["hint"] == "look at java"
    assert match.links == {"runbook": "https://wiki.example.com/oom"}
    assert Evaluator([OOM])(line("killed process 42 (java)")) == []


def test_a_line_that_fires_and_clears_a_rule_clears_it() -> None:
    (match,) = Evaluator([OOM])(line("java recovered", rules=("oom",), clears=("oom",)))
    assert match.clears
    assert match.labels["process"] == "java"


def test_other_events_are_tried_on_their_text() -> None:
    evaluate = Evaluator([OOM])
    assert [m.rule for m in evaluate(posted("x\nOutOfMemory in heap"))] == ["oom"]
    assert [m.rule for m in evaluate(posted(description="OutOfMemory"))] == ["oom"]
    assert [m.clears for m in evaluate(posted("java recovered"))] == [True]
    assert evaluate(posted("all is well")) == []


def test_where_holds_on_labels_and_a_rule_may_have_nothing_else() -> None:
    evaluate = Evaluator(
        [
            rule(name="both", match={"any": ["down"]}, where={"app": "shop"}),
            rule(name="labels", where={"app": "shop"}, resolve={"match": {"any": ["up again"]}}),
            rule(name="missing", where={"zone": ""}),
        ]
    )
    assert [m.rule for m in evaluate(posted("down", {"app": "shop", "zone": "b"}))] == [
        "both",
        "labels",
    ]
    assert [m.rule for m in evaluate(posted("down", {"app": "web"}))] == ["missing"]
    (cleared,) = evaluate(posted("up again", {"app": "shop", "zone": "b"}))
    assert (cleared.rule, cleared.clears) == ("labels", True)


def test_a_disabled_rule_never_matches() -> None:
    evaluate = Evaluator([rule(match={"any": ["x"]}, enabled=False)])
    assert evaluate(posted("x")) == []
    assert evaluate(line("x", rules=("oom",))) == []


def test_the_line_may_say_how_bad_it_is() -> None:
    evaluate = Evaluator(
        [rule(match={"any": ["re:(?P<level>[A-Z]+|P2)? ?boom"]}, severity="{level}")]
    )

    def severity(text: str) -> tuple[str, str | None]:
        (match,) = evaluate(posted(text))
        return match.severity, match.labels.get("severity_raw")

    assert severity("FATAL boom") == ("critical", "FATAL")
    assert severity("P2 boom") == ("warning", "P2")
    assert severity("NOTE boom") == ("info", "NOTE")
    assert severity("boom") == ("warning", None)


def test_without_a_fingerprint_the_labels_of_the_event_tell_alerts_apart() -> None:
    evaluate = Evaluator([rule(match={"any": ["x"]}, labels={"team": "a"})])

    def identity(**labels: str) -> tuple[str, ...]:
        return evaluate(posted("x", labels))[0].fingerprint_values

    assert identity(b="1", a="2") == identity(a="2", b="1", severity="high")
    assert identity(a="2") != identity(a="3")


def test_without_a_summary_the_line_stands_shortened() -> None:
    evaluate = Evaluator([rule(match={"any": ["x"]})])
    assert evaluate(posted("just x"))[0].annotations["summary"] == "just x"
    long = evaluate(posted("x" * 9000))[0].annotations["summary"]
    assert len(long) == 500
    assert long.endswith(CUT)
    noted = Evaluator([rule(match={"any": ["x"]}, annotations={"summary": "{host} is ill"})])
    assert noted(posted("x", {"host": "db-1"}))[0].annotations["summary"] == "db-1 is ill"


def test_annotations_and_runbook_reach_the_alert() -> None:
    event = Event(
        "log:shop",
        NOW,
        {"app": "shop"},
        {"file": "/var/log/shop/a.log"},
        body="killed process 42 (java)",
        rules=("oom",),
    )
    (signal,) = signals_of(event, Evaluator([OOM]), Templates().learn)
    assert signal.annotations == {
        "file": "/var/log/shop/a.log",
        "hint": "look at java",
        "summary": "java on shop killed, see {nowhere}",
        "log": "killed process 42 (java)",
    }
    assert signal.links == {"runbook": "https://wiki.example.com/oom"}
    assert signal.labels["alertname"] == "oom"
    assert signal.labels["severity"] == "critical"
