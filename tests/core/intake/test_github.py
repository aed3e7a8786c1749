"""GitHub: a workflow is one alert a repository, workflow and branch."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from core.errors import InvalidInput
from core.intake.github import parse
from core.intake.request import FORM, HookRequest
from core.model.event import Event

NOW = datetime(2026, 11, 24, 1, 31, tzinfo=UTC)


def run(conclusion: Any = "failure", action: str = "completed", **changes: Any) -> dict[str, Any]:
    whole = {
        "id": 289782451,
        "name": "CI",
        "head_branch": "main",
        "head_sha": "b8a9c0d1e2f3a4b5c6d7e8f90123456789abcdef",
        "display_title": "fix: settle",
        "run_number": 138,
        "event": "push",
        "status": "completed",
        "conclusion": conclusion,
        "workflow_id": 2892513,
        "html_url": "https://github.com/acme/billing/actions/runs/289782451",
        "updated_at": "2026-11-24T01:30:05Z",
        "triggering_actor": {"login": "zhangsan"},
        "head_repository": {"full_name": "acme/billing"},
    }
    return {
        "action": action,
        "workflow_run": {**whole, **changes},
        "workflow": {"id": 2892513, "name": "CI"},
        "repository": {"full_name": "acme/billing"},
    }


def told(body: Any, event: str = "workflow_run") -> list[Event]:
    headers = {"x-github-event": event} if event else {}
    parsed = parse(HookRequest(json.dumps(body).encode(), headers), "hook:g", NOW)
    assert parsed.rejected == []
    return parsed.events


def test_a_failed_run() -> None:
    (event,) = told(run())
    assert event.status == "firing"
    assert event.labels == {
        "alertname": "WorkflowFailed", "repository": "acme/billing", "workflow": "CI",
        "branch": "main", "trigger": "push",
    }  # fmt: skip
    assert event.annotations == {
        "summary": "acme/billing main: CI failure",
        "commit": "b8a9c0d1 fix: settle",
        "run": "138",
        "user": "zhangsan",
    }
    assert event.links == {"run": "https://github.com/acme/billing/actions/runs/289782451"}
    assert event.occurred_at == datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC)


def test_success_ends_it_for_this_branch_alone() -> None:
    (failed,), (passed,) = told(run()), told(run("success", id=2, run_number=139))
    assert (passed.status, passed.fingerprint) == ("resolved", failed.fingerprint)
    for other in ({"head_branch": "dev"}, {"workflow_id": 9}):
        assert told(run("success", **other))[0].fingerprint != failed.fingerprint


def test_a_forks_main_is_not_ours() -> None:
    (fork,) = told(run(head_repository={"full_name": "stranger/billing"}))
    assert fork.labels["fork"] == "stranger/billing"
    assert fork.fingerprint != told(run())[0].fingerprint
    assert told(run(head_repository=None))[0].fingerprint == told(run())[0].fingerprint


@pytest.mark.parametrize("conclusion", ["failure", "timed_out", "startup_failure"])
def test_ways_to_fail(conclusion: str) -> None:
    assert told(run(conclusion))[0].status == "firing"


@pytest.mark.parametrize(
    "conclusion", ["cancelled", "skipped", "neutral", "stale", "action_required"]
)
def test_what_neither_failed_nor_passed(conclusion: str) -> None:
    assert told(run(conclusion)) == []


def test_what_is_no_finished_run_says_nothing() -> None:
    assert told({"zen": "Keep it logically awesome.", "hook_id": 1}, "ping") == []
    assert told({"zen": "Keep it logically awesome."}, "") == []
    assert told({"ref": "refs/heads/main"}, "push") == []
    assert told(run(None, "requested")) == []
    assert told(run(None, "in_progress")) == []


def test_as_a_form() -> None:
    body = urlencode({"payload": json.dumps(run())}).encode()
    headers = {"content-type": FORM, "x-github-event": "workflow_run"}
    parsed = parse(HookRequest(body, headers), "hook:g", NOW)
    assert parsed.events[0].fingerprint == told(run())[0].fingerprint
    again = HookRequest(json.dumps(run()).encode(), headers, entry=True)
    assert parse(again, "hook:g", NOW).events == parsed.events
    with pytest.raises(InvalidInput):
        parse(HookRequest(b"x=1", headers), "hook:g", NOW)
    with pytest.raises(InvalidInput):
        parse(HookRequest(b"&".join([b"a=1"] * 2000), headers), "hook:g", NOW)


def test_odd_but_real() -> None:
    (event,) = told(run(name=None, display_title=None, triggering_actor=None, updated_at=7))
    assert event.labels["workflow"] == "CI"
    (event,) = told({**run(head_branch=None), "workflow": None, "sender": None}, "")
    assert "branch" not in event.labels


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (run(None), "workflow_run.conclusion: is required"),
        ({**run(), "repository": None}, "repository.full_name: is required"),
        ({}, "workflow_run: must be an object, not null"),
    ],
)
def test_what_is_missing_is_said(body: Any, detail: str) -> None:
    headers = {"x-github-event": "workflow_run"}
    parsed = parse(HookRequest(json.dumps(body).encode(), headers), "hook:g", NOW)
    assert [r.detail for r in parsed.rejected] == [detail]


def test_a_body_of_nothing() -> None:
    with pytest.raises(InvalidInput):
        parse(HookRequest(b"{}"), "hook:g", NOW)
