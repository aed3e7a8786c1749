"""The calls of the API, one file a group; the table lists them all in the order people read."""

from bot.http import alertmanager
from bot.http.route import Route
from bot.http.routes import (
    alerts,
    articles,
    audit,
    docs,
    events,
    health,
    hooks,
    incidents,
    knowledge,
    live,
    notifications,
    rejected,
    rules,
    schedules,
    silences,
    uploads,
)

TABLE: tuple[Route, ...] = (
    *events.ROUTES,
    *rejected.ROUTES,
    *hooks.ROUTES,
    *alertmanager.ROUTES,
    *alerts.ROUTES,
    *incidents.ROUTES,
    *silences.ROUTES,
    *rules.ROUTES,
    *schedules.ROUTES,
    *notifications.ROUTES,
    *uploads.ROUTES,
    *articles.ROUTES,
    *knowledge.ROUTES,
    *audit.ROUTES,
    *live.ROUTES,
    *health.ROUTES,
    *docs.ROUTES,
)
