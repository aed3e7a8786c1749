"""Sentry's integration platform and its older webhooks plugin: POST /hooks/sentry/{name}.

Source: docs.sentry.io/organization/integrations/integration-platform/webhooks (issue alerts,
metric alerts, issues); sentry.plugins.sentry_webhooks for the older form. An issue is one alert:
an issue alert or an error fires it, the issue's own hook (resolved, archived) ends it. A metric
alert is one alert a rule.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from core.decide.fingerprint import fingerprint
from core.intake.normalise import Unusable, as_object, load, past, sort_out, web_links
from core.intake.parsed import Parsed
from core.intake.reading import (
    at,
    filled,
    first_text,
    moment_at,
    named,
    notes,
    text_at,
)
from core.intake.request import HookRequest
from core.model.event import Event

_ISSUE: dict[str, Literal["firing", "resolved"]] = {
    "created": "firing",
    "unresolved": "firing",
    "resolved": "resolved",
    "archived": "resolved",
    "ignored": "resolved",  # what archiving was called
}
_METRIC: dict[str, Literal["firing", "resolved"]] = {
    "critical": "firing",
    "warning": "firing",
    "open": "firing",
    "resolved": "resolved",
}
_TAGS = ("server_name", "transaction", "environment", "release")


def parse(request: HookRequest, source: str, now: datetime) -> Parsed:
    """The alert of one call; no event when Sentry tells of something that is none."""
    body = load(request.body)
    resource = request.headers.get("sentry-hook-resource", "") or _resource(body)
    if resource == "metric_alert":
        read = _metric
    elif resource == "issue":
        read = _issue
    elif resource in ("event_alert", "error"):
        read = _error
    elif resource:
        return Parsed([], [])  # installations, comments, …
    else:
        raise Unusable("missing", "data", "is none of event, error, issue, metric_alert")
    if resource in ("issue", "metric_alert") and _is_news(body, resource):
        return Parsed([], [])
    return sort_out([("", body)], lambda value, path: read(as_object(value, path), source, now))


def _resource(body: Any) -> str:
    """By its shape, when the header is missing: proxies drop headers."""
    data = at(body, "data")
    for key, resource in (
        ("metric_alert", "metric_alert"),
        ("issue", "issue"),
        ("event", "event_alert"),
        ("error", "error"),
    ):
        if isinstance(at(data, key), dict):
            return resource
    if isinstance(at(body, "event"), dict):
        return "event_alert"
    return "installation" if isinstance(at(data, "installation"), dict) else ""


def _is_news(body: Any, resource: str) -> bool:
    """An action that neither fires nor ends anything, such as assigned."""
    action = text_at(body, "action")
    return bool(action) and action not in (_ISSUE if resource == "issue" else _METRIC)


def _error(body: dict[str, Any], source: str, now: datetime) -> Event:
    """An error event: of an issue alert, of the error hook, or of the older plugin."""
    event = at(body, "data", "event") or at(body, "data", "error") or at(body, "event")
    event = as_object(event, "data.event")
    old = body if "data" not in body else {}
    issue = first_text(
        text_at(event, "issue_id"), text_at(event, "issue", "id"), text_at(old, "id")
    )
    title = first_text(
        text_at(event, "title"), text_at(event, "message"), text_at(old, "message"), issue
    )
    if not title:
        raise Unusable("missing", "data.event.title", "is required")
    web = first_text(text_at(event, "web_url"), text_at(old, "url"))
    tags = _tags(event)
    labels = {
        "alertname": named(title),
        "project": first_text(
            text_at(old, "project_slug"),
            text_at(old, "project"),
            _project_of(text_at(event, "url")),
            text_at(event, "project"),
        ),
        "platform": text_at(event, "platform"),
        **tags,
        "environment": first_text(text_at(event, "environment"), tags.get("environment", "")),
        "release": first_text(text_at(event, "release"), tags.get("release", "")),
        "transaction": first_text(text_at(event, "transaction"), tags.get("transaction", "")),
    }
    when = past(moment_at(event, "datetime") or moment_at(event, "timestamp"), now)
    rule = first_text(
        text_at(body, "data", "triggered_rule"), text_at(body, "data", "issue_alert", "title")
    )
    return Event(
        source,
        when or now,
        filled(labels),
        notes(
            {
                "summary": title,
                "description": first_text(text_at(event, "culprit"), text_at(old, "culprit")),
                "value": text_at(event, "metadata", "value"),
                "rule": rule,
            }
        ),
        first_text(text_at(event, "level"), text_at(old, "level"), "error"),
        fingerprint=_of_issue(issue, title, labels["project"]),
        starts_at=when,
        links=web_links(sentry=web, issue=_issue_page(web, issue)),
    )


def _issue(body: dict[str, Any], source: str, now: datetime) -> Event:
    issue = as_object(at(body, "data", "issue"), "data.issue")
    number = text_at(issue, "id")
    title = first_text(text_at(issue, "title"), text_at(issue, "shortId"), number)
    if not title:
        raise Unusable("missing", "data.issue.title", "is required")
    status = _ISSUE.get(text_at(body, "action") or text_at(issue, "status"), "firing")
    labels = {
        "alertname": named(title),
        "project": first_text(text_at(issue, "project", "slug"), text_at(issue, "project", "name")),
        "platform": first_text(text_at(issue, "platform"), text_at(issue, "project", "platform")),
    }
    page = first_text(text_at(issue, "web_url"), text_at(issue, "permalink"))
    return Event(
        source,
        (past(moment_at(issue, "lastSeen"), now) if status == "firing" else None) or now,
        filled(labels),
        notes({"summary": title, "description": text_at(issue, "culprit")}),
        text_at(issue, "level") or "error",
        status,
        fingerprint=_of_issue(number, title, labels["project"]),
        starts_at=past(moment_at(issue, "firstSeen"), now),
        ends_at=now if status == "resolved" else None,
        links=web_links(sentry=page),
    )


def _metric(body: dict[str, Any], source: str, now: datetime) -> Event:
    data = as_object(body.get("data"), "data")
    alert = as_object(data.get("metric_alert"), "data.metric_alert")
    rule = at(alert, "alert_rule")
    title = first_text(text_at(rule, "name"), text_at(alert, "title"))
    if not title:
        raise Unusable("missing", "data.metric_alert.title", "is required")
    action = text_at(body, "action") or "critical"
    status = _METRIC[action]
    projects = at(alert, "projects")
    project = projects[0] if isinstance(projects, list) and projects else ""
    key = first_text(text_at(rule, "id"), title)
    ended = past(moment_at(alert, "date_closed"), now) or now
    return Event(
        source,
        ended if status == "resolved" else now,
        filled(
            {
                "alertname": title,
                "project": project if isinstance(project, str) else "",
                "environment": text_at(rule, "environment"),
                "organization": text_at(alert, "organization_id"),
            }
        ),
        notes(
            {
                "summary": first_text(text_at(data, "description_title"), title),
                "description": text_at(data, "description_text"),
                "query": text_at(rule, "query"),
                "aggregate": text_at(rule, "aggregate"),
            }
        ),
        "warning" if action == "warning" else "critical",
        status,
        fingerprint=fingerprint("sentry-metric", text_at(alert, "organization_id"), key),
        starts_at=past(moment_at(alert, "date_started"), now),
        ends_at=ended if status == "resolved" else None,
        links=web_links(sentry=text_at(data, "web_url")),
    )


def _of_issue(issue: str, title: str, project: str) -> str:
    """Issue ids are unique in one Sentry; without one the title in its project stands for it."""
    return fingerprint("sentry-issue", issue) if issue else fingerprint("sentry", project, title)


def _tags(event: dict[str, Any]) -> dict[str, str]:
    """The few tags that say where it happened; they come as pairs or as objects."""
    tags = at(event, "tags")
    found: dict[str, str] = {}
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, list) and len(tag) == 2:
            key, value = tag
        elif isinstance(tag, dict):
            key, value = tag.get("key"), tag.get("value")
        else:
            continue
        if key in _TAGS and isinstance(value, str):
            found[key] = value
    return found


def _project_of(api_url: str) -> str:
    """The slug in …/api/0/projects/{organization}/{project}/events/…"""
    parts = _path(api_url)
    return parts[parts.index("projects") + 2] if "projects" in parts[:-2] else ""


def _issue_page(event_page: str, issue: str) -> str:
    before, found, _ = event_page.partition(f"/issues/{issue}/") if issue else ("", "", "")
    return before + found


def _path(url: str) -> list[str]:
    try:
        return urlsplit(url).path.split("/")
    except ValueError:
        return []
