"""check-config tells every mistake in a mapping."""

from __future__ import annotations

from typing import Any

import pytest

from core.config.load import parse_settings
from core.errors import ConfigError


def problems(mapping: Any, source: str = "generic") -> dict[str, str]:
    hook = {"name": "m", "source": source, "auth": {"bearer": "t"}, "mapping": mapping}
    with pytest.raises(ConfigError) as caught:
        parse_settings({"hooks": [hook]}, {})
    return {p.path: p.message for p in caught.value.problems}


def test_every_mistake_is_told_at_once() -> None:
    found = problems(
        {
            "items": "a[",
            "labels": {"alertname": "nosuch(@)", "host": "length(a, b)", "ok": "a.b", "": "a"},
            "annotations": {"summary": "join(',')"},
            "status": 7,
            "statuses": {"x": "maybe"},
            "severities": {"1": "high"},
            "dedup_key": "x" * 2000,
            "starts_at": "a b",
            "titel": "a",
        }
    )
    at = "hooks[0].mapping"
    keys = (
        "items", "labels.alertname", "labels.host", "annotations.summary", "status", "statuses.x",
        "severities.1", "dedup_key", "starts_at", "titel",
    )  # fmt: skip
    assert {f"{at}.{key}" for key in keys} <= set(found)
    assert len(found) == len(keys) + 1  # a label without a name
    assert "there is no function nosuch" in found[f"{at}.labels.alertname"]
    assert "length takes 1 arguments, not 2" in found[f"{at}.labels.host"]
    assert "not a JMESPath expression" in found[f"{at}.items"]


def test_labels_are_required() -> None:
    assert "hooks[0].mapping.labels" in problems({})
    assert "hooks[0].mapping.labels" in problems({"labels": {}})


def test_deeply_nested_expressions_are_refused() -> None:
    found = problems({"labels": {"alertname": "(" * 480 + "a" + ")" * 480}})
    assert list(found) == ["hooks[0].mapping.labels.alertname"]


def test_other_sources_have_a_form_of_their_own() -> None:
    found = problems({"labels": {"alertname": "a"}}, "grafana")
    assert "mapping is for the source generic" in found["hooks[0]"]
