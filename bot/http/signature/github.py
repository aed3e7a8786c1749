"""GitHub: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 of the body.

Source: docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries. The older
`X-Hub-Signature` (SHA-1) is not taken.
"""

from __future__ import annotations

from datetime import datetime

from bot.http.signature.same import hmac_hex, same
from core.config.settings import Platform
from core.http import HttpClient
from core.intake.request import HookRequest


async def verify(request: HookRequest, auth: Platform, now: datetime, http: HttpClient) -> bool:
    """See Verify."""
    given = request.headers.get("x-hub-signature-256", "")
    return bool(auth.secret.strip()) and same(
        given, f"sha256={hmac_hex(auth.secret, request.body)}"
    )
