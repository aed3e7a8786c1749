"""A model's claims are kept when they can be proved, and dropped when not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import SimilarItem
from knowledge.analysis.claims import Reply, checked
from knowledge.analysis.digest import digest
from knowledge.analysis.material import of_text
from knowledge.analysis.model import Analysis, Level, Meta
from knowledge.analysis.shown import Shown, shown
from knowledge.llm import ModelError
from knowledge.llm.reply import read

TEXT = "INFO start\nERROR db 10.0.0.5 refused the connection\nERROR queue is full (x3)\n"
RUNBOOK = SimilarItem("article", "KB-5", "连接池耗尽", 0.6, "high", snippet="too many connections")
META = Meta("m1", degraded=False)


def given_text(text: str = TEXT) -> Shown:
    material = msgspec.structs.replace(of_text(text), similar=(RUNBOOK,))
    return shown(material, digest(material))


def held(reply: dict[str, Any], floor: Level = "low") -> Analysis:
    parsed = msgspec.convert({"summary": "db is down.", **reply}, Reply, strict=False)
    return checked(parsed, given_text(), floor, META, trouble=True)


QUOTE = "ERROR db <IP_1> refused the connection"


def test_a_good_reply_is_kept_with_identities_filled_in() -> None:
    analysis = held(
        {
            "severity": "high",
            "key_errors": [QUOTE],
            "causes": [{"text": "<IP_1> 拒绝连接。", "evidence": [{"ref": "L2", "quote": QUOTE}]}],
            "suggestions": [
                {"action": "查看连接数", "risk": "low", "source": "KB-5"},
                {"action": "restart the service", "risk": "low", "source": "me"},
            ],
            "unknown": ["since when"],
            "confidence": 0.8,
        }
    )
    assert analysis.key_errors == ("ERROR db 10.0.0.5 refused the connection",)
    assert analysis.causes[0].text == "10.0.0.5 拒绝连接。"
    assert (analysis.causes[0].evidence[0].kind, analysis.causes[0].evidence[0].ref) == (
        "log",
        "L2",
    )
    assert [(s.risk, s.source) for s in analysis.suggestions] == [
        ("low", "KB-5"),
        ("medium", "model"),
    ]
    assert analysis.unknown == ("since when",)
    assert analysis.confidence == 0.8
    assert analysis.meta == META


def test_what_is_not_in_the_input_is_dropped_and_lowers_confidence() -> None:
    analysis = held(
        {
            "key_errors": [QUOTE, "ERROR invented", "e"],
            "causes": [
                {"text": "no evidence", "evidence": []},
                {"text": "wrong quote", "evidence": [{"ref": "L2", "quote": "nowhere at all"}]},
                {"text": "wrong case", "evidence": [{"ref": "KB-6", "quote": "connections"}]},
                "a bare string",
            ],
            "suggestions": [{"action": "as there", "source": "INC-99"}],
            "confidence": "80%",
        }
    )  # fmt: skip
    assert len(analysis.key_errors) == 1
    assert analysis.causes == ()
    assert analysis.suggestions == ()
    assert analysis.confidence == pytest.approx(0.1)


@pytest.mark.parametrize(
    "quote",
    [
        "L2| " + QUOTE,
        f"“{QUOTE}”",
        f"`{QUOTE}`",
        QUOTE + "…",
        QUOTE + "\nERROR queue",
        "ERROR db 10.0.0.5 refused the connection",
    ],
)
def test_quotations_in_other_clothes_are_understood(quote: str) -> None:
    assert held({"key_errors": [quote]}).key_errors == ("ERROR db 10.0.0.5 refused the connection",)


def test_evidence_names_where_the_words_really_stand() -> None:
    causes = [
        {"text": "a", "evidence": [{"ref": "L99", "quote": "queue is full"}]},
        {"text": "b", "evidence": ["queue is full"]},
        {"text": "c", "evidence": [{"ref": "[kb-5]", "quote": "too many connections"}]},
    ]
    analysis = held({"causes": causes})
    assert [(c.evidence[0].kind, c.evidence[0].ref) for c in analysis.causes] == [
        ("log", "L3"), ("log", "L3"), ("article", "KB-5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"summary": "", "key_errors": [QUOTE]},
        {"summary": "see https://evil.example", "key_errors": [QUOTE]},
        {"key_errors": ["invented line"], "suggestions": [{"action": "do x"}]},
    ],
)
def test_a_reply_of_which_nothing_is_left_is_refused(reply: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as refused:
        held(reply)
    assert refused.value.error_class == "schema_error"


def test_a_calm_log_needs_no_claims() -> None:
    parsed = Reply(summary="Nothing is wrong.", severity="low")
    analysis = checked(parsed, given_text("INFO start\n"), "low", META, trouble=False)
    assert (analysis.severity, analysis.key_errors) == ("low", ())


@pytest.mark.parametrize(
    ("told", "floor", "severity"),
    [("low", "high", "high"), ("critical", "low", "high"), ("高", "low", "high"),
     ("whatever", "medium", "medium"), (None, "low", "low"), ("medium", "low", "medium")],
)  # fmt: skip
def test_severity_never_falls_below_what_alerts_say(
    told: str | None, floor: Level, severity: Level
) -> None:
    assert held({"severity": told, "key_errors": [QUOTE]}, floor).severity == severity


@pytest.mark.parametrize(
    "action",
    [
        "rm -rf /data/tmp",
        "DROP TABLE orders",
        "kubectl delete node db-01",
        "强制重启并清空数据",
        "FLUSHALL",
    ],
)
def test_a_dangerous_step_is_called_dangerous(action: str) -> None:
    suggestion = {"action": action, "risk": "low"}
    analysis = held({"key_errors": [QUOTE], "suggestions": [suggestion]})
    assert analysis.suggestions[0].risk == "high"


_LEAF = st.none() | st.booleans() | st.floats() | st.text(max_size=30) | st.sampled_from(
    [QUOTE, "KB-5", "high", "INC-1", "L2"]
)  # fmt: skip
_JSON = st.recursive(
    _LEAF,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "evidence", "ref", "quote", "action", "source"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_FIELDS = ["summary", "severity", "key_errors", "causes", "suggestions", "unknown", "confidence"]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_any_reply_gives_a_proved_analysis_or_a_model_error(reply: dict[str, Any]) -> None:
    try:
        parsed = read(msgspec.json.encode({"summary": "s", **reply}).decode(), Reply)
        analysis = checked(parsed, given_text(), "low", META, trouble=True)
    except ModelError:
        return
    assert analysis.summary
    assert 0 <= analysis.confidence <= 1
    assert all(quote in TEXT for quote in analysis.key_errors)
    assert all(cause.evidence for cause in analysis.causes)
    assert {s.source for s in analysis.suggestions} <= {"KB-5", "model"}
