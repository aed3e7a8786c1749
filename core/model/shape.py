"""Alerts and incidents as outsiders see them: the API, the live stream and outgoing webhooks.

Short ids stand for the objects; times are RFC 3339 in UTC.
"""

from __future__ import annotations

from typing import Any

import orjson

from core.clock import iso
from core.model.alert import Alert
from core.model.incident import Incident


def alert_shape(alert: Alert) -> dict[str, Any]:
    """An alert in the contract's shape."""
    return {
        "id": alert.short_id,
        "fingerprint": alert.fingerprint,
        "fingerprint_by": alert.identified_by,
        "status": alert.status,
        "flapping": alert.flapping,
        "severity": alert.severity,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "count": alert.count,
        "first_seen": iso(alert.first_seen),
        "last_seen": iso(alert.last_seen),
        "starts_at": iso(alert.starts_at),
        "ends_at": iso(alert.ends_at),
        "source": alert.source,
        "rule": alert.rule,
        "incident": f"INC-{alert.incident}" if alert.incident else None,
        "links": alert.links,
    }


def incident_shape(incident: Incident) -> dict[str, Any]:
    """An incident in the contract's shape, without what other tables hold about it."""
    return {
        "id": incident.short_id,
        "title": incident.title,
        "status": incident.status,
        "severity": incident.severity,
        "labels": incident.labels,
        "alert_count": incident.alert_count,
        "started_at": iso(incident.started_at),
        "updated_at": iso(incident.updated_at),
        "acknowledged_at": iso(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by or None,
        "resolved_at": iso(incident.resolved_at),
        "resolved_by": incident.resolved_by or None,
        "resolution": incident.resolution,
        "assignee": incident.assignee or None,
    }


def webhook_body(event_type: str, at: str | None, data: dict[str, Any]) -> str:
    """The body of an outgoing webhook (Standard Webhooks): type, timestamp, data."""
    return orjson.dumps({"type": event_type, "timestamp": at, "data": data}).decode()
