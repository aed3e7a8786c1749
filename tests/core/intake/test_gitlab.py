"""GitLab: a pipeline is one alert a project and ref; jobs are alerts of their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InvalidInput
from core.intake.gitlab import parse
from core.intake.request import HookRequest
from core.model.event import Event

NOW = datetime(2026, 11, 24, 1, 31, tzinfo=UTC)
PROJECT = {
    "id": 1,
    "name": "billing",
    "path_with_namespace": "ops/billing",
    "web_url": "https://gitlab.example.com/ops/billing",
}


def pipeline(status: Any = "failed", ref: Any = "main", **attributes: Any) -> dict[str, Any]:
    job = {"stage": "test", "name": "unit", "status": status, "failure_reason": "script_failure"}
    return {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": 31,
            "ref": ref,
            "sha": "bcbb5ec396a2c0f828686f14fac9b80b780504f2",
            "source": "push",
            "status": status,
            "finished_at": "2026-11-24 01:30:05 UTC",
            **attributes,
        },
        "user": {"name": "Zhang San"},
        "project": PROJECT,
        "commit": {"title": "fix: settle", "url": "https://gitlab.example.com/c/1"},
        "builds": [job, {**job, "name": "lint", "allow_failure": True}, None],
    }


def job(status: str = "failed", **changes: Any) -> dict[str, Any]:
    return {
        "object_kind": "build",
        "ref": "main",
        "build_id": 1977,
        "build_name": "unit",
        "build_stage": "test",
        "build_status": status,
        "build_finished_at": "2026-11-24T01:30:05Z",
        "build_failure_reason": "script_failure",
        "build_allow_failure": False,
        "project_id": 380,
        "project_name": "ops / billing",
        "repository": {"homepage": "https://gitlab.example.com/ops/billing"},
        **changes,
    }


def told(body: Any, event: str = "") -> list[Event]:
    headers = {"x-gitlab-event": event} if event else {}
    parsed = parse(HookRequest(json.dumps(body).encode(), headers), "hook:g", NOW)
    assert parsed.rejected == []
    return parsed.events


def test_a_failed_pipeline() -> None:
    (event,) = told(pipeline(), "Pipeline Hook")
    assert event.status == "firing"
    assert event.labels == {
        "alertname": "PipelineFailed", "project": "ops/billing", "ref": "main", "trigger": "push",
    }  # fmt: skip
    assert event.annotations == {
        "summary": "ops/billing main: pipeline failed",
        "description": "test/unit script_failure",
        "commit": "bcbb5ec3 fix: settle",
        "user": "Zhang San",
    }
    assert event.links["pipeline"] == "https://gitlab.example.com/ops/billing/-/pipelines/31"
    assert event.occurred_at == datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC)


def test_success_ends_it_for_this_ref_alone() -> None:
    (failed,), (passed,) = told(pipeline()), told(pipeline("success", id=32))
    assert passed.status == "resolved"
    assert passed.fingerprint == failed.fingerprint
    assert told(pipeline("success", ref="dev"))[0].fingerprint != failed.fingerprint


@pytest.mark.parametrize("status", ["running", "pending", "canceled", "skipped", "manual", "new"])
def test_other_states_say_nothing(status: str) -> None:
    assert told(pipeline(status)) == []
    assert told(job(status)) == []


def test_jobs() -> None:
    (failed,), (passed,) = told(job(), "Job Hook"), told(job("success"))
    assert failed.labels == {
        "alertname": "JobFailed", "project": "ops/billing", "ref": "main", "job": "unit",
        "stage": "test",
    }  # fmt: skip
    assert passed.status == "resolved"
    assert passed.fingerprint == failed.fingerprint
    assert failed.links["job"] == "https://gitlab.example.com/ops/billing/-/jobs/1977"
    assert told(job(build_name="lint"))[0].fingerprint != failed.fingerprint
    assert told(job(build_allow_failure=True)) == []


def test_other_hooks_say_nothing() -> None:
    assert told({"object_kind": "push", "ref": "refs/heads/main"}, "Push Hook") == []


def test_odd_but_real() -> None:
    body = pipeline(ref=None, finished_at=None, source=None)
    body |= {"user": None, "commit": None, "builds": None}
    (event,) = told(body)
    assert event.occurred_at == NOW
    assert told({**pipeline(ref=7), "object_kind": None}, "pipeline hook")[0].labels["ref"] == "7"


@pytest.mark.parametrize("body", [{}, [], "x", {"object_kind": None}])
def test_what_cannot_be_read(body: Any) -> None:
    with pytest.raises(InvalidInput):
        parse(HookRequest(json.dumps(body).encode()), "hook:g", NOW)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"object_kind": "pipeline"}, "object_attributes: must be an object, not null"),
        (pipeline(None), "object_attributes.status: is required"),
        ({**pipeline(), "project": None}, "project: is required"),
        (job(build_name=""), "build_name: is required"),
        (job(""), "build_status: is required"),
    ],
)
def test_what_is_missing_is_said(body: Any, detail: str) -> None:
    parsed = parse(HookRequest(json.dumps(body).encode()), "hook:g", NOW)
    assert [r.detail for r in parsed.rejected] == [detail]
