"""Alertmanager's API v2: Prometheus, amtool and karma work with tocsin as with an Alertmanager.

Source: Alertmanager's api/v2/openapi.yaml; what it leaves open was seen in version 0.25. Names
in mixed case are its own.
"""

from bot.http.alertmanager import alerts, silences, status

ROUTES = (*alerts.ROUTES, *silences.ROUTES, *status.ROUTES)
