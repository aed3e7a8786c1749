"""Grafana's unified alerting, webhook contact point: POST /hooks/grafana/{name}.

Its message is Alertmanager's with more in it (values, links to dashboards and to a silence).
Source: grafana.com/docs/grafana/latest/alerting, "Configure webhook notifications".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from core.intake.alertmanager import alert_of, event_of, message_of
from core.intake.given import Given, in_words, notes_of
from core.intake.normalise import MAX_WORD, load, sort_out, web_links
from core.intake.parsed import Parsed
from core.model.event import Event

# Alerts that Grafana makes of its own when a rule cannot be evaluated; they name no severity.
_OF_ITSELF = frozenset({"DatasourceError", "DatasourceNoData"})


def parse(body: bytes, source: str, now: datetime) -> Parsed:
    """The alerts of one webhook call. InvalidInput when the body as a whole cannot be used."""
    whole = load(body)
    message = message_of(whole)
    group = Given(whole)

    def read(value: Any, path: str) -> Event:
        event = event_of(alert_of(value, path, whole, message), message, source, now)
        return _with_more(event, Given(value), group)

    return sort_out(((f"alerts[{i}]", alert) for i, alert in enumerate(whole["alerts"])), read)


def _with_more(event: Event, given: Given, group: Given) -> Event:
    """Grafana's own fingerprint is of the labels alone: it is the same when the alert ends."""
    labels = event.labels
    if "alertname" not in labels:
        name = labels.get("rulename") or group.text("title", limit=MAX_WORD) or "Grafana"
        labels = {**labels, "alertname": name}
    values = in_words(*(f"{name}={text}" for name, text in given.under("values").texts()))
    # `__name__` is how Grafana hands things to itself.
    notes = {n: t for n, t in event.annotations.items() if not n.startswith("__")}
    return msgspec.structs.replace(
        event,
        labels=labels,
        severity="warning" if labels["alertname"] in _OF_ITSELF else "",
        annotations=notes_of(values=values or given.text("valueString")) | notes,
        links=web_links(
            generator=given.text("generatorURL"),
            dashboard=given.text("dashboardURL"),
            panel=given.text("panelURL"),
            image=given.text("imageURL"),
            silence=given.text("silenceURL"),
            grafana=group.text("externalURL"),
        ),
    )
