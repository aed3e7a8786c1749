"""The senders' own signatures: one module a platform, listed here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.http.signature import aws, cloudevents, github, gitlab, sentry
from core.config.settings import HookSource, Platform
from core.http import HttpClient
from core.intake.request import HookRequest

Verify = Callable[[HookRequest, Platform, datetime, HttpClient], Awaitable[bool]]
"""(request, the hook's `platform` setting, now, client for keys) → whether the platform sent it.

Secrets are compared in constant time, an empty one never fits, a signed time must be within
standard.WINDOW of now (SNS delivers for an hour longer). Nothing else of the request is looked at.
DeliveryError when a key that is needed cannot be had.
"""

VERIFIERS: dict[HookSource, Verify] = {
    "sentry": sentry.verify,
    "gitlab": gitlab.verify,
    "github": github.verify,
    "aws": aws.verify,
    "cloudevents": cloudevents.verify,
}
