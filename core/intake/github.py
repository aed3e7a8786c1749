"""GitHub's workflow runs: POST /hooks/github/{name}.

Source: docs.github.com/webhooks/webhook-events-and-payloads, "workflow_run". A workflow is one
alert a repository, workflow and branch. A run of a fork's branch is another alert than the same
branch of the repository: a stranger's broken `main` is not ours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from core.decide.fingerprint import fingerprint
from core.errors import InvalidInput
from core.intake.normalise import Unusable, as_object, load, past, sort_out, web_links
from core.intake.parsed import Parsed
from core.intake.reading import at, filled, first_text, moment_at, notes, text_at
from core.intake.request import FORM, HookRequest
from core.model.event import Event

# What is not here (cancelled, skipped, neutral, stale, action_required) says nothing.
_CONCLUSION: dict[str, Literal["firing", "resolved"]] = {
    "failure": "firing",
    "timed_out": "firing",
    "startup_failure": "firing",
    "success": "resolved",
}
SEVERITY = "warning"  # GitHub tells none


def parse(request: HookRequest, source: str, now: datetime) -> Parsed:
    """The workflow run of one call; no event for a ping, or what neither failed nor passed.

    GitHub sends JSON, or a form with it in the field `payload`, as the hook was made.
    """
    if request.content_type == FORM and not request.entry:
        payload = request.form().get("payload")
        if payload is None:
            raise InvalidInput("the form has no field payload")
        body = load(payload.encode())
    else:
        body = load(request.body)
    kind = request.headers.get("x-github-event", "") or _kind(body)
    if kind != "workflow_run":
        if not kind:
            raise Unusable("missing", "workflow_run", "is required")
        return Parsed([], [])  # ping, push, …
    if text_at(body, "action") not in ("completed", ""):
        return Parsed([], [])
    conclusion = text_at(body, "workflow_run", "conclusion")
    if conclusion and conclusion not in _CONCLUSION:
        return Parsed([], [])
    return sort_out([("", body)], lambda value, path: _run(as_object(value, path), source, now))


def _kind(body: Any) -> str:
    """By its shape, when the header is missing."""
    if isinstance(at(body, "workflow_run"), dict):
        return "workflow_run"
    return "ping" if text_at(body, "zen") else text_at(body, "action")


def _run(body: dict[str, Any], source: str, now: datetime) -> Event:
    run = as_object(body.get("workflow_run"), "workflow_run")
    conclusion = text_at(run, "conclusion")
    if not conclusion:
        raise Unusable("missing", "workflow_run.conclusion", "is required")
    repository = first_text(
        text_at(body, "repository", "full_name"), text_at(run, "repository", "full_name")
    )
    if not repository:
        raise Unusable("missing", "repository.full_name", "is required")
    status = _CONCLUSION[conclusion]
    branch = text_at(run, "head_branch")
    workflow = first_text(text_at(run, "name"), text_at(body, "workflow", "name"))
    head = text_at(run, "head_repository", "full_name")
    fork = head if head.lower() != repository.lower() else ""
    key = first_text(text_at(run, "workflow_id"), text_at(body, "workflow", "id"), workflow)
    when = past(moment_at(run, "updated_at"), now)
    commit = first_text(text_at(run, "display_title"), text_at(run, "head_commit", "message"))
    return Event(
        source,
        when or now,
        filled(
            {
                "alertname": "WorkflowFailed",
                "repository": repository,
                "workflow": workflow,
                "branch": branch,
                "fork": fork,
                "trigger": text_at(run, "event"),
            }
        ),
        notes(
            {
                "summary": f"{repository} {branch}: {workflow} {conclusion}",
                "commit": f"{text_at(run, 'head_sha')[:8]} {commit.partition(chr(10))[0]}".strip(),
                "run": text_at(run, "run_number"),
                "user": text_at(run, "triggering_actor", "login"),
            }
        ),
        SEVERITY,
        status,
        fingerprint=fingerprint("github-workflow", repository, key, branch, fork),
        starts_at=when if status == "firing" else None,
        ends_at=(when or now) if status == "resolved" else None,
        links=web_links(run=text_at(run, "html_url")),
    )
