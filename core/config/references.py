"""What must fit between sections: used names exist, names are unique, defaults are safe."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from core.config.calling import check_escalation, check_schedules, doubts_about_calling
from core.config.settings import FileSource, RouteSettings, Settings
from core.errors import Problem
from core.model.event import API_V2

SIGNED = {"sentry", "gitlab", "github", "aws", "cloudevents"}  # sources with a signature
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def check_references(settings: Settings) -> list[Problem]:
    """Every problem between sections; empty when all fits."""
    return [
        *_routes(settings.route, "route", settings, top=True),
        *_schedules(settings),
        *_receivers(settings),
        *_maintenance(settings),
        *check_escalation(settings, partial(_channel, settings)),
        *check_schedules(settings),
        *_files(settings),
        *_credentials(settings),
        *_heartbeats(settings),
        *_later(settings),
    ]


def _names(entries: Sequence[Any]) -> set[str]:
    return {entry.name for entry in entries}


def unique_names(raw: dict[str, Any]) -> list[Problem]:
    """Names that stand twice in a section, whatever else is wrong there."""
    return list(_twice(raw))


def _twice(raw: dict[str, Any]) -> Iterator[Problem]:
    for section in (
        "people", "hooks", "logs", "rules", "files", "targets", "channels", "receivers",
        "time_intervals", "maintenance", "escalation", "schedules", "heartbeats",
    ):  # fmt: skip
        entries = raw.get(section)
        # Two hooks may share a name when their sources differ: the path has both.
        names = Counter(
            (str(entry.get("source")) if section == "hooks" else "", str(entry["name"]))
            for entry in (entries if isinstance(entries, list) else [])
            if isinstance(entry, dict) and entry.get("name") is not None
        )
        for (_source, name), times in names.items():
            if times > 1:
                yield Problem(section, f"the name {name!r} stands {times} times")


def _routes(
    route: RouteSettings, path: str, settings: Settings, *, top: bool = False
) -> Iterator[Problem]:
    if top and route.matchers:
        yield Problem(f"{path}.matchers", "the top route takes every alert; it has no matchers")
    if route.receiver is not None and route.receiver not in _names(settings.receivers):
        yield Problem(f"{path}.receiver", f"there is no receiver {route.receiver!r}")
    if route.escalation and route.escalation not in _names(settings.escalation):
        yield Problem(f"{path}.escalation", f"there is no escalation {route.escalation!r}")
    intervals = _names(settings.time_intervals)
    for key in ("mute_time_intervals", "active_time_intervals"):
        for i, name in enumerate(getattr(route, key)):
            if name not in intervals:
                yield Problem(f"{path}.{key}[{i}]", f"there is no time interval {name!r}")
    for i, child in enumerate(route.routes):
        yield from _routes(child, f"{path}.routes[{i}]", settings)


def _schedules(settings: Settings) -> Iterator[Problem]:
    intervals = _names(settings.time_intervals)
    for i, rule in enumerate(settings.rules):
        for j, entry in enumerate(rule.schedule):
            if isinstance(entry, str) and entry not in intervals:
                yield Problem(f"rules[{i}].schedule[{j}]", f"there is no time interval {entry!r}")


# What a channel must have to be told anything; types that are not here come with later versions.
NEEDED: dict[str, tuple[str, ...]] = {
    "web": (),
    "dingtalk_robot": ("webhook",),
    "dingtalk_app": ("client_id", "client_secret", "conversation_id"),
    "webhook": ("url", "secret"),
}


def _receivers(settings: Settings) -> Iterator[Problem]:
    for i, receiver in enumerate(settings.receivers):
        for j, name in enumerate(receiver.channels):
            yield from _channel(settings, f"receivers[{i}].channels[{j}]", name)


def _channel(settings: Settings, path: str, name: str) -> Iterator[Problem]:
    """Why the channel `name` cannot be told anything, if it cannot."""
    channel = next((c for c in settings.channels if c.name == name), None)
    if channel is None:
        yield Problem(path, f"there is no channel {name!r}")
    elif channel.type not in NEEDED:
        yield Problem(path, f"this version cannot tell channels of type {channel.type}")
    elif missing := [k for k in NEEDED[channel.type] if not getattr(channel, k)]:
        yield Problem(path, f"the channel {name!r} needs {', '.join(missing)}")


def _maintenance(settings: Settings) -> Iterator[Problem]:
    intervals = _names(settings.time_intervals)
    for i, window in enumerate(settings.maintenance):
        for j, name in enumerate(window.time_intervals):
            if name not in intervals:
                path = f"maintenance[{i}].time_intervals[{j}]"
                yield Problem(path, f"there is no time interval {name!r}")


def _files(settings: Settings) -> Iterator[Problem]:
    targets = {target.name: target for target in settings.targets}
    for i, source in enumerate(settings.files):
        path = f"files[{i}].target"
        target = targets.get(source.target)
        if not source.target:
            yield Problem(path, "is required")
        elif target is None:
            yield Problem(path, f"there is no target {source.target!r}")
        elif target.type == "s3":
            yield Problem(path, "a target of type s3 is not served by this version; use oss, local")
        elif target.type == "local" and _is_watched(target.path, source):
            yield Problem(
                path, f"{target.path} lies in watch_dir, so each upload would be a new file"
            )


def _is_watched(path: str, source: FileSource) -> bool:
    """Whether objects under `path` are themselves files of `source`."""
    place = os.path.realpath(path)
    if any(place == os.path.realpath(excluded) for excluded in source.watch_exclude):
        return False
    for root in source.watch_dir:
        inside = os.path.relpath(place, os.path.realpath(root)).split(os.sep)
        if inside[0] != os.pardir and not set(inside) & set(source.watch_exclude):
            return True
    return False


def _credentials(settings: Settings) -> Iterator[Problem]:
    for i, hook in enumerate(settings.hooks):
        path = f"hooks[{i}].auth"
        auth = hook.auth
        if auth.platform is not None and hook.source not in SIGNED:
            yield Problem(
                f"{path}.platform", f"{hook.source} signs nothing; use bearer, basic or query_token"
            )
            continue
        secret = auth.platform.secret if auth.platform and hook.source != "aws" else None
        password = auth.basic.password if auth.basic else None
        given = (auth.bearer, auth.query_token, password, secret)
        if any(value is not None and not value.strip() for value in given):
            yield Problem(path, "an empty credential never authenticates; set one")
        exposed = auth.none is not None and settings.server.host not in LOOPBACK
        if exposed and not hook.allow_insecure:
            yield Problem(path, "none off loopback needs allow_insecure: true, or another auth")


def _heartbeats(settings: Settings) -> Iterator[Problem]:
    hooks = {f"hook:{name}" for name in _names(settings.hooks)}
    logs = {f"log:{name}" for name in _names(settings.logs)}
    known = {*hooks, *logs, "api", API_V2}
    for i, heartbeat in enumerate(settings.heartbeats):
        path = f"heartbeats[{i}]"
        if heartbeat.source not in known:
            allowed = "hook:<name>, log:<name>, api, alertmanager (its API v2)"
            yield Problem(
                f"{path}.source", f"there is no source {heartbeat.source!r}; use one of {allowed}"
            )
        if heartbeat.matchers and heartbeat.source in logs:
            yield Problem(f"{path}.matchers", "a log's lines have no labels of their own")


def _later(settings: Settings) -> Iterator[Problem]:
    if settings.tasks.engine == "procrastinate" and not settings.database.url:
        yield Problem("tasks.engine", "procrastinate needs database.url (PostgreSQL)")
    if not settings.tasks.in_serve and not settings.database.url:
        yield Problem("tasks.in_serve", "on SQLite only `serve` runs tasks: it must")


def warnings(settings: Settings) -> list[Problem]:
    """What works but deserves a second look, and what this version does not act on yet."""
    found = []
    for i, hook in enumerate(settings.hooks):
        if hook.auth.none is not None:
            found.append(Problem(f"hooks[{i}].auth", "none: anyone who can connect may post"))
        if hook.auth.query_token is not None:
            found.append(
                Problem(f"hooks[{i}].auth", "query_token stands in URLs, and so in others' logs")
            )
        if hook.source == "aws" and hook.auth.platform and not hook.auth.platform.topics:
            text = "without topics anyone's AWS account may post; name the topics' ARNs"
            found.append(Problem(f"hooks[{i}].auth.platform", text))
    found += doubts_about_calling(settings)
    found += _zones(settings)
    return found


def _zones(settings: Settings) -> Iterator[Problem]:
    """Times without a zone are UTC, as in Alertmanager; elsewhere that is rarely meant."""
    if settings.timezone == "UTC":
        return
    for i, interval in enumerate(settings.time_intervals):
        for j, span in enumerate(interval.time_intervals):
            if "location" not in span.model_fields_set:
                path = f"time_intervals[{i}].time_intervals[{j}]"
                yield Problem(
                    path, f"has no location, so it is read in UTC, not {settings.timezone}"
                )
