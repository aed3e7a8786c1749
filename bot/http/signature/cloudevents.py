"""CloudEvents carry no signature of their own: Standard Webhooks over the HTTP body."""

from __future__ import annotations

from datetime import datetime

from bot.http.signature import standard
from core.config.settings import Platform
from core.http import HttpClient
from core.intake.request import HookRequest


async def verify(request: HookRequest, auth: Platform, now: datetime, http: HttpClient) -> bool:
    """See Verify."""
    return standard.fits(request, auth.secret, now)
