"""Receivers, and what an Alertmanager tells about itself: version, cluster, configuration."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import msgspec
import yaml

from bot.http.alertmanager.door import route
from bot.http.alertmanager.shape import Named
from bot.http.route import Call
from core.clock import iso
from core.config.settings import RouteSettings, Settings
from core.config.units import format_duration

SPEAKS = "0.25.0"  # the Alertmanager whose API this is; clients choose their ways by it


class Cluster(msgspec.Struct, frozen=True):
    """Whether Alertmanagers gossip with each other. There is nothing here that would."""

    status: str = "disabled"
    peers: list[str] = []


class ConfigText(msgspec.Struct, frozen=True):
    """The configuration as an alertmanager.yml."""

    original: str


class AlertmanagerStatus(msgspec.Struct, frozen=True, rename="camel"):
    """uptime: since when it runs."""

    cluster: Cluster
    version_info: dict[str, str]
    config: ConfigText
    uptime: str


async def _status(call: Call) -> AlertmanagerStatus:
    return AlertmanagerStatus(
        Cluster(),
        {
            "version": SPEAKS,
            "revision": f"tocsin {version('tocsin')}",
            "branch": "tocsin",
            "buildUser": "",
            "buildDate": "",
            "goVersion": f"Python {platform.python_version()}",
        },
        ConfigText(as_alertmanager_yml(call.parts.settings)),
        iso(call.parts.started_at) or "",
    )


async def _receivers(call: Call) -> list[Named]:
    names = [receiver.name for receiver in call.parts.settings.receivers]
    return [Named(name) for name in names or [call.parts.loop.policy.route.receiver]]


def as_alertmanager_yml(settings: Settings) -> str:
    """Routes, receivers' names and inhibitions, for `amtool config`; nothing that is secret."""
    top = _route(settings.route)
    top.setdefault("receiver", "")
    names = [r.name for r in settings.receivers] or [top["receiver"]]
    told: dict[str, Any] = {
        "global": {"resolve_timeout": format_duration(settings.resolve_timeout)},
        "route": top,
        "receivers": [{"name": name} for name in names],
        "inhibit_rules": [
            {
                "source_matchers": [str(m) for m in rule.source],
                "target_matchers": [str(m) for m in rule.target],
                "equal": list(rule.equal),
            }
            for rule in settings.inhibit
        ],
    }
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True)


def _route(route: RouteSettings) -> dict[str, Any]:
    """What the node says itself. Time intervals are left out: amtool would look for their text."""
    told: dict[str, Any] = {}
    if route.receiver is not None:
        told["receiver"] = route.receiver
    if route.group_by is not None:
        told["group_by"] = list(route.group_by)
    if route.matchers:
        told["matchers"] = [str(m) for m in route.matchers]
    for name in ("group_wait", "group_interval", "repeat_interval"):
        value = getattr(route, name)
        if value is not None:
            told[name] = format_duration(value)
    if route.continue_:
        told["continue"] = True
    if route.routes:
        told["routes"] = [_route(child) for child in route.routes]
    return told


ROUTES = (
    route("GET", "/api/v2/receivers", _receivers, "receivers", answer=list[Named]),
    route("GET", "/api/v2/status", _status, "status", answer=AlertmanagerStatus),
)
