"""Alerts without a fingerprint are known by their labels and their template."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from core.clock import utc_now
from core.config.rules import Rule
from core.config.settings import Settings
from core.decide.policy import make_policy
from core.decide.signal import Signal, signals_of
from core.loop import Loop
from core.model.alert import Alert
from core.model.event import Event
from core.rule import Evaluator
from core.rule.log_template import Templates
from core.store import Database, Journal, schema
from core.store.rows import from_row
from scheduler.tasks import EmbeddedQueue

T0 = datetime(2026, 1, 1, tzinfo=UTC)
A, B = "timeout after 31 ms on 10.0.0.7", "timeout after 45 ms on 10.0.0.9"


def text_event(body: str, **fields: Any) -> Event:
    return Event("api", T0, fields.pop("labels", {"app": "shop"}), body=body, **fields)


def one(event: Event, templates: Templates, *rules: dict[str, Any]) -> Signal:
    evaluate = Evaluator(Rule.model_validate(r) for r in rules)
    (signal,) = signals_of(event, evaluate, templates.learn)
    return signal


def test_two_lines_of_one_template_are_one_alert_that_shows_it() -> None:
    templates = Templates()
    first, second = (one(text_event(t), templates) for t in (A, B))
    assert first.fingerprint == second.fingerprint
    assert second.annotations["template"] == "timeout after <NUM> ms on <IP>"
    assert first.labels["alertname"] == second.labels["alertname"] == "timeout after * ms on *"


def test_labels_and_what_the_sender_says_come_first() -> None:
    templates = Templates()
    here = one(text_event(A), templates)
    there = one(text_event(A, labels={"app": "bank"}), templates)
    severe = one(text_event(A, labels={"app": "shop", "severity": "critical"}), templates)
    keyed = [one(text_event(t, dedup_key="k"), templates) for t in (A, "disk full")]
    assert here.fingerprint != there.fingerprint
    assert here.fingerprint == severe.fingerprint
    assert keyed[0].fingerprint == keyed[1].fingerprint
    assert "template" not in keyed[0].annotations


def test_a_rule_without_fingerprint_has_an_alert_for_each_kind_of_line() -> None:
    templates = Templates()
    rule = {"name": "trouble", "match": {"any": ["timeout", "disk"]}}
    found = [one(text_event(t), templates, rule) for t in (A, B, "disk sda is full")]
    assert found[0].fingerprint == found[1].fingerprint != found[2].fingerprint
    assert found[0].annotations["template"] == "timeout after <NUM> ms on <IP>"


def test_a_rule_that_names_fields_or_counts_does_not_ask_for_templates() -> None:
    templates = Templates()
    for extra in ({"fingerprint": ["app"]}, {"for": {"count": 3, "within": "1m"}}):
        rule = {"name": "trouble", "match": {"any": ["timeout", "disk"]}, **extra}
        found = [one(text_event(t), templates, rule) for t in (A, "disk sda is full")]
        assert found[0].fingerprint == found[1].fingerprint
        assert "template" not in found[0].annotations
    assert len(templates) == 0


def make_loop(db: Database, journal: Journal) -> Loop:
    raw: dict[str, Any] = {
        "channels": [{"name": "room", "type": "web"}],
        "receivers": [{"name": "r", "channels": ["room"]}],
        "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
    }
    policy = make_policy(Settings.model_validate(raw))
    return Loop(policy, db, journal, EmbeddedQueue(db), lambda event: [])


async def alerts(db: Database) -> list[Alert]:
    query = select(schema.alerts).order_by(schema.alerts.c.number)
    return [from_row(Alert, row) for row in await db.read(lambda c: list(c.execute(query)))]


async def run(db: Database, journal: Journal, *texts: str) -> None:
    loop = make_loop(db, journal)
    await loop.start()
    now = utc_now()
    for text in texts:
        await journal.append("api", [Event("api", now, {"app": "shop"}, body=text)])
    await loop.settled()
    await loop.stop()


async def test_the_alert_is_the_same_after_a_restart_though_its_template_generalised(
    db: Database, journal: Journal
) -> None:
    await run(db, journal, "user alice cannot log in", "user bob cannot log in")
    await run(db, journal, "user carol cannot log in", "user alice cannot log in")
    (alert,) = await alerts(db)
    assert alert.count == 4
    assert alert.annotations["template"] == "user <*> cannot log in"
    assert alert.name == "user alice cannot log in"


async def test_what_was_learned_and_not_committed_is_learned_again_the_same(
    db: Database, journal: Journal
) -> None:
    texts = ("user alice cannot log in", "disk sda is 91% full", "user bob cannot log in")
    now = utc_now()
    for text in texts:
        await journal.append("api", [Event("api", now, {"app": "shop"}, body=text)])
    dying = make_loop(db, journal)
    await dying._load()
    for batch in await journal.after(0):
        for one_event in batch.events:
            dying.fold.event(one_event, batch.accepted_at, now)
    died_with = {a.fingerprint for a in dying.fold.state.alerts.values()}
    await run(db, journal, "user carol cannot log in")
    assert {a.fingerprint for a in await alerts(db)} == died_with
    assert sorted(a.count for a in await alerts(db)) == [1, 3]
