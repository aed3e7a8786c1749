"""GitLab's pipeline and job events: POST /hooks/gitlab/{name}.

Source: docs.gitlab.com/user/project/integrations/webhook_events. A pipeline is one alert a
project and ref: failed fires it, success ends it, every other status says nothing. A job is one
alert a project, ref and job name; one that may fail is never an alert.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from core.decide.fingerprint import fingerprint
from core.intake.normalise import Unusable, as_object, load, past, sort_out, web_links
from core.intake.parsed import Parsed
from core.intake.reading import at, filled, first_text, moment_at, notes, text_at
from core.intake.request import HookRequest
from core.model.event import Event

_STATUS: dict[str, Literal["firing", "resolved"]] = {"failed": "firing", "success": "resolved"}
_HEADERS = {"pipeline hook": "pipeline", "job hook": "build"}
SEVERITY = "warning"  # GitLab tells none
_SHOWN = 5  # failed jobs that a pipeline's description names


def parse(request: HookRequest, source: str, now: datetime) -> Parsed:
    """The pipeline or job of one call; no event for what is neither failed nor mended."""
    body = load(request.body)
    # The header is the system hook's where a whole instance sends; the body's word comes first.
    header = _HEADERS.get(request.headers.get("x-gitlab-event", "").strip().lower(), "")
    kind = text_at(body, "object_kind") or header
    if kind not in ("pipeline", "build"):
        if not kind:
            raise Unusable("missing", "object_kind", "is required")
        return Parsed([], [])  # pushes, comments, …
    at_status = ("object_attributes", "status") if kind == "pipeline" else ("build_status",)
    status = text_at(body, *at_status)
    if status and status not in _STATUS:
        return Parsed([], [])
    if kind == "build" and status == "failed" and at(body, "build_allow_failure") is True:
        return Parsed([], [])
    read = _pipeline if kind == "pipeline" else _job
    return sort_out([("", body)], lambda value, path: read(as_object(value, path), source, now))


def _pipeline(body: dict[str, Any], source: str, now: datetime) -> Event:
    pipeline = as_object(body.get("object_attributes"), "object_attributes")
    status = _status(text_at(pipeline, "status"), "object_attributes.status")
    project, ref = _project(body), text_at(pipeline, "ref")
    page = text_at(body, "project", "web_url")
    when = past(moment_at(pipeline, "finished_at"), now)
    number = text_at(pipeline, "id")
    address = first_text(
        text_at(pipeline, "url"), f"{page}/-/pipelines/{number}" if page and number else ""
    )
    return Event(
        source,
        when or now,
        filled(
            {
                "alertname": "PipelineFailed",
                "project": project,
                "ref": ref,
                "trigger": text_at(pipeline, "source"),
            }
        ),
        notes(
            {
                "summary": f"{project} {ref}: pipeline {text_at(pipeline, 'status')}",
                "description": _failed_jobs(body),
                "commit": _commit(body, text_at(pipeline, "sha")),
                "user": text_at(body, "user", "name"),
            }
        ),
        SEVERITY,
        status,
        fingerprint=fingerprint("gitlab-pipeline", page or project, ref),
        starts_at=when if status == "firing" else None,
        ends_at=(when or now) if status == "resolved" else None,
        links=web_links(pipeline=address, commit=text_at(body, "commit", "url")),
    )


def _job(body: dict[str, Any], source: str, now: datetime) -> Event:
    status = _status(text_at(body, "build_status"), "build_status")
    project, ref, job = _project(body), text_at(body, "ref"), text_at(body, "build_name")
    if not job:
        raise Unusable("missing", "build_name", "is required")
    page = first_text(text_at(body, "project", "web_url"), text_at(body, "repository", "homepage"))
    when = past(moment_at(body, "build_finished_at"), now)
    number = text_at(body, "build_id")
    return Event(
        source,
        when or now,
        filled(
            {
                "alertname": "JobFailed",
                "project": project,
                "ref": ref,
                "job": job,
                "stage": text_at(body, "build_stage"),
            }
        ),
        notes(
            {
                "summary": f"{project} {ref}: job {job} {text_at(body, 'build_status')}",
                "description": text_at(body, "build_failure_reason"),
                "commit": _commit(body, text_at(body, "sha")),
                "user": text_at(body, "user", "name"),
            }
        ),
        SEVERITY,
        status,
        fingerprint=fingerprint("gitlab-job", page or project, ref, job),
        starts_at=when if status == "firing" else None,
        ends_at=(when or now) if status == "resolved" else None,
        links=web_links(job=f"{page}/-/jobs/{number}" if page and number else ""),
    )


def _status(word: str, path: str) -> Literal["firing", "resolved"]:
    if not word:
        raise Unusable("missing", path, "is required")
    return _STATUS[word]


def _project(body: dict[str, Any]) -> str:
    """Its path, whatever this version of GitLab calls it."""
    project = first_text(
        text_at(body, "project", "path_with_namespace"),
        text_at(body, "project_name").replace(" / ", "/"),
        text_at(body, "project", "name"),
        text_at(body, "project_id"),
        text_at(body, "project", "id"),
    )
    if not project:
        raise Unusable("missing", "project", "is required")
    return project


def _commit(body: dict[str, Any], sha: str) -> str:
    title = first_text(text_at(body, "commit", "title"), text_at(body, "commit", "message"))
    return f"{sha[:8]} {title.partition(chr(10))[0]}".strip()


def _failed_jobs(body: dict[str, Any]) -> str:
    jobs = body.get("builds")
    failed = [
        f"{text_at(job, 'stage')}/{text_at(job, 'name')} {text_at(job, 'failure_reason')}".strip()
        for job in (jobs if isinstance(jobs, list) else [])
        if text_at(job, "status") == "failed" and at(job, "allow_failure") is not True
    ]
    more = f" (+{len(failed) - _SHOWN})" if len(failed) > _SHOWN else ""
    return ", ".join(failed[:_SHOWN]) + more
