"""Inhibition by index says what trying every firing alert would say."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.decide.inhibitors import Inhibition, Inhibitors
from core.model.alert import Alert
from core.model.matcher import parse_matchers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = (
    Inhibition(
        parse_matchers(['severity="critical"']), parse_matchers(['severity="warning"']), ("host",)
    ),
    Inhibition(parse_matchers(["app=~sh.*"]), parse_matchers(['app="pay"']), ("host", "zone")),
)
LABELS = st.fixed_dictionaries(
    {"severity": st.sampled_from(["critical", "warning", "info"])},
    optional={
        "host": st.sampled_from(["a", "b", ""]),
        "zone": st.sampled_from(["1", "2"]),
        "app": st.sampled_from(["shop", "pay"]),
    },
)


def make(number: int, labels: dict[str, str]) -> Alert:
    return Alert(
        id=str(number),
        number=number,
        fingerprint=str(number),
        labels={"alertname": "A", **labels},
        first_seen=NOW,
        last_seen=NOW,
        starts_at=NOW,
    )


@given(st.lists(st.tuples(LABELS, st.booleans()), max_size=12), LABELS)
def test_the_index_finds_what_trying_all_finds(
    steps: list[tuple[dict[str, str], bool]], labels: dict[str, str]
) -> None:
    inhibitors = Inhibitors(RULES)
    firing: list[Alert] = []
    for number, (given_labels, ends_one) in enumerate(steps):
        firing.append(make(number, given_labels))
        inhibitors.add(firing[-1])
        if ends_one:
            inhibitors.remove(firing.pop(0))
    for number, rule in enumerate(RULES):
        expected = [
            alert.id
            for alert in firing
            if all(m.matches(alert.labels) for m in rule.source)
            and all(alert.labels.get(k, "") == labels.get(k, "") for k in rule.equal)
        ]
        assert [alert.id for alert in inhibitors.of(number, labels)] == expected
