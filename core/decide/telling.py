"""Telling: notification rows for channels, and events for outgoing webhooks.

A row holds what was decided, as it was decided: a message that is sent late tells that moment.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.clock import iso
from core.decide.policy import Policy
from core.decide.route import Route
from core.decide.state import State
from core.ids import uuid7
from core.model.alert import Alert
from core.model.escalating import Escalation
from core.model.incident import Incident
from core.model.notification import Notification, NotificationKind
from core.model.shape import alert_shape, incident_shape, webhook_body
from core.model.silence import Silence

MAX_ALERTS = 200  # of one notification
_PRIORITY: dict[str, int] = {"firing": 1, "digest": 1, "resolved": 2, "update": 3, "event": 2}
_encode = msgspec.json.Encoder().encode


class Payload(msgspec.Struct, frozen=True):
    """What a notification's payload holds, as JSON."""

    incident: Incident | None
    alerts: list[Alert]
    silence: Silence | None = None


class Telling:
    """Makes outbox rows. Numbers are given when they are committed."""

    def __init__(self, policy: Policy, state: State) -> None:
        self._policy = policy
        self._state = state
        self._webhooks = {s.channel for s in policy.subscribers}

    def tell(
        self,
        kind: NotificationKind,
        incident: Incident,
        route: Route,
        alerts: list[Alert],
        now: datetime,
    ) -> None:
        """One row a channel of the route's receiver. Webhooks hear by events instead.

        Very many alerts become several rows; a reminder names the first of them only.
        """
        accepted = [self._state.accepted.pop(a.id, None) for a in alerts]
        first = min((a for a in accepted if a), default=None) if kind == "firing" else None
        urgent = kind == "firing" and incident.severity == "critical"
        parts = [alerts[i : i + MAX_ALERTS] for i in range(0, len(alerts), MAX_ALERTS)]
        for part in parts[:1] if kind == "update" else parts:
            payload = _encode(Payload(incident, part)).decode()
            for channel in route.channels:
                if channel in self._webhooks:
                    self._routed_events(channel, kind, part, now)
                    continue
                self._row(
                    channel,
                    kind,
                    now,
                    incident=incident.number,
                    alerts=tuple(a.id for a in part),
                    payload=payload,
                    priority=0 if urgent else _PRIORITY[kind],
                    accepted_at=first,
                )

    def together(
        self, kind: NotificationKind, route: Route, alerts: list[Alert], now: datetime
    ) -> None:
        """Alerts of several incidents as one, of no incident of its own."""
        accepted = [self._state.accepted.pop(a.id, None) for a in alerts]
        first = min((a for a in accepted if a), default=None) if kind == "digest" else None
        critical = kind == "digest" and any(a.severity == "critical" for a in alerts)
        for start in range(0, len(alerts), MAX_ALERTS):
            part = alerts[start : start + MAX_ALERTS]
            payload = _encode(Payload(None, part)).decode()
            for channel in route.channels:
                if channel in self._webhooks:
                    event = "firing" if kind == "digest" else kind
                    self._routed_events(channel, event, part, now)
                    continue
                self._row(
                    channel,
                    kind,
                    now,
                    incident=None,
                    alerts=tuple(a.id for a in part),
                    payload=payload,
                    priority=0 if critical else _PRIORITY[kind],
                    accepted_at=first,
                )

    def notice(self, channel: str, silence: Silence, now: datetime) -> None:
        """Say to a channel that a silence ends soon. Webhooks are not told of silences."""
        if channel not in self._webhooks:
            payload = _encode(Payload(None, [], silence)).decode()
            self._row(channel, "notice", now, incident=None, payload=payload, priority=3)

    def escalate(
        self,
        incident: Incident,
        channels: tuple[str, ...],
        alerts: list[Alert],
        mark: Escalation,
        now: datetime,
    ) -> None:
        """One row a channel of an escalation's step; webhooks hear `incident.escalated`."""
        payload = _encode(Payload(incident, alerts)).decode()
        for channel in channels:
            if channel not in self._webhooks:
                self._row(
                    channel,
                    "update",
                    now,
                    incident=incident.number,
                    alerts=tuple(a.id for a in alerts),
                    payload=payload,
                    priority=0 if incident.severity == "critical" else 1,
                    escalation=mark,
                )
        self.incident_event("incident.escalated", incident, now, also=channels)

    def alert_event(self, event_type: str, alert: Alert, now: datetime) -> None:
        """A change of an alert, for webhooks that no receiver names."""
        for subscriber in self._policy.subscribers:
            if not subscriber.routed and subscriber.wants(event_type):
                self._alert_row(subscriber.channel, event_type, alert, now)

    def incident_event(
        self, event_type: str, incident: Incident, now: datetime, also: tuple[str, ...] = ()
    ) -> None:
        """A change of an incident, for webhooks that no receiver names, or that are told of it.

        also: channels that are told of it besides those of its route.
        """
        for subscriber in self._policy.subscribers:
            if not subscriber.wants(event_type):
                continue
            told = (*self._channels_of(incident), *also)
            if subscriber.routed and subscriber.channel not in told:
                continue
            body = webhook_body(event_type, iso(now), incident_shape(incident))
            self._row(
                subscriber.channel,
                "event",
                now,
                incident=incident.number,
                payload=body,
                event_type=event_type,
            )

    def _channels_of(self, incident: Incident) -> tuple[str, ...]:
        path = incident.key.split(":", 1)[0]
        route = self._policy.route
        for index in path.split(".")[1:]:
            if int(index) >= len(route.children):
                return ()
            route = route.children[int(index)]
        return route.channels

    def _routed_events(
        self,
        channel: str,
        kind: NotificationKind,
        alerts: list[Alert],
        now: datetime,
    ) -> None:
        if kind not in {"firing", "resolved"}:
            return
        event_type = f"alert.{kind}"
        subscriber = next(s for s in self._policy.subscribers if s.channel == channel)
        if subscriber.routed and subscriber.wants(event_type):
            for alert in alerts:
                self._alert_row(channel, event_type, alert, now)

    def _alert_row(self, channel: str, event_type: str, alert: Alert, now: datetime) -> None:
        body = webhook_body(event_type, iso(now), alert_shape(alert))
        self._row(
            channel,
            "event",
            now,
            incident=alert.incident,
            alerts=(alert.id,),
            payload=body,
            event_type=event_type,
            accepted_at=self._state.accepted.get(alert.id)
            if event_type == "alert.firing"
            else None,
        )

    def _row(
        self,
        channel: str,
        kind: NotificationKind,
        now: datetime,
        *,
        incident: int | None,
        payload: str,
        alerts: tuple[str, ...] = (),
        priority: int = 2,
        event_type: str = "",
        accepted_at: datetime | None = None,
        escalation: Escalation | None = None,
    ) -> None:
        row_id = uuid7()
        self._state.changes.notifications.append(
            Notification(
                id=row_id,
                number=0,
                channel=channel,
                incident=incident,
                alerts=alerts,
                kind=kind,
                event_type=event_type,
                payload=payload,
                priority=priority,
                key=row_id,
                accepted_at=accepted_at,
                escalation=escalation,
                due_at=now,
                created_at=now,
            )
        )
