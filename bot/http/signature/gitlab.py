"""GitLab: a signing token (Standard Webhooks), or the older secret token in `X-Gitlab-Token`.

Source: docs.gitlab.com/user/project/integrations/webhooks; gitlab-org/gitlab merge request
230944 for the signature. Where a request carries a signature it alone decides: a secret token
beside it could have been seen by anyone on the way.
"""

from __future__ import annotations

from datetime import datetime

from bot.http.signature import standard
from bot.http.signature.same import same
from core.config.settings import Platform
from core.http import HttpClient
from core.intake.request import HookRequest


async def verify(request: HookRequest, auth: Platform, now: datetime, http: HttpClient) -> bool:
    """See Verify."""
    if "webhook-signature" in request.headers:
        return standard.fits(request, auth.secret, now)
    return same(request.headers.get("x-gitlab-token", ""), auth.secret)
