"""Sentry's integration platform: `Sentry-Hook-Signature`, HMAC-SHA256 of the body in hex.

Source: docs.sentry.io/organization/integrations/integration-platform/webhooks. The secret is the
integration's Client Secret. The timestamp header is not part of what is signed, so it proves
nothing and is not looked at.
"""

from __future__ import annotations

from datetime import datetime

from bot.http.signature.same import hmac_hex, same
from core.config.settings import Platform
from core.http import HttpClient
from core.intake.request import HookRequest


async def verify(request: HookRequest, auth: Platform, now: datetime, http: HttpClient) -> bool:
    """See Verify."""
    given = request.headers.get("sentry-hook-signature", "")
    return bool(auth.secret.strip()) and same(given.lower(), hmac_hex(auth.secret, request.body))
