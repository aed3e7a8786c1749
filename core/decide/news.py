"""What a group has to tell at a moment, and what of it is held back. Pure: it changes nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.decide import pipeline
from core.decide.route import Route
from core.decide.state import Group
from core.decide.view import View
from core.model.alert import Alert
from core.model.decision import StageVerdict
from core.model.incident import Incident


class News(msgspec.Struct, kw_only=True):
    """fresh: began or got worse; ended: over; still: all that fire and may be told.

    muted: told nothing of, their groups ask again when that changed; held: to be told later,
    `again` says when to ask. asked: what the stages said of each, by id of the alert.
    """

    group: Group
    incident: Incident
    route: Route
    fresh: list[Alert] = []
    ended: list[Alert] = []
    still: list[Alert] = []
    muted: list[Alert] = []
    held: list[Alert] = []
    again: datetime | None = None
    asked: dict[str, tuple[StageVerdict, ...]] = {}

    def repeat_due(self, now: datetime) -> bool:
        """Whether what still fires is to be told again."""
        told_at = self.group.notified_at
        return (
            bool(self.still)
            and not self.fresh
            and not self.ended
            and self.incident.status == "triggered"
            and told_at is not None
            and now - told_at >= self.route.repeat_interval
        )

    @property
    def critical(self) -> bool:
        """Whether any of what is fresh is critical."""
        return any(alert.severity == "critical" for alert in self.fresh)


def news_of(
    group: Group, incident: Incident, route: Route, alerts: list[Alert], view: View
) -> News:
    """Ask the stages about each of a group's `alerts`."""
    view = msgspec.structs.replace(view, node=route)
    news = News(group=group, incident=incident, route=route)
    for alert in alerts:
        over = alert.status == "resolved"
        told = group.members[alert.id]
        stages, last = pipeline.run(alert, view, pipeline.MUTES)
        if last.stops:
            news.asked[alert.id] = stages
            news.muted.append(alert)
            continue
        holds, last = pipeline.run(alert, view, pipeline.HOLDS)
        news.asked[alert.id] = (*stages, *holds)
        if last.stops:
            again = last.until or view.now + route.group_interval
            news.again = min(again, news.again) if news.again else again
            if over or told != f"firing:{alert.severity}":
                news.held.append(alert)
        elif over:
            news.ended.append(alert)
        else:
            news.still.append(alert)
            if told != f"firing:{alert.severity}":
                news.fresh.append(alert)
    return news
