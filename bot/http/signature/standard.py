"""Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec version 1.0.0).

`webhook-signature` holds `v1,<base64>` entries, separated by spaces: HMAC-SHA256 over
`webhook-id.webhook-timestamp.body`. Its key is what `whsec_` is followed by, in base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta

from bot.http.signature.same import same
from core.intake.request import HookRequest

WINDOW = timedelta(minutes=5)  # between the sender's clock and ours, either way
MAX_SIGNATURES = 10


def fits(request: HookRequest, secret: str, now: datetime) -> bool:
    """Whether one of the signatures is right and its time is within WINDOW of `now`."""
    headers = request.headers
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not secret.strip() or not message_id or not _is_fresh(stamp, now):
        return False
    signed = f"{message_id}.{stamp}.".encode("utf-8", "surrogatepass") + request.body
    given = headers.get("webhook-signature", "").split()[:MAX_SIGNATURES]
    return any(same(one, _sign(key, signed)) for key in _keys(secret) for one in given)


def _is_fresh(stamp: str, now: datetime) -> bool:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    return abs(now.timestamp() - int(stamp)) <= WINDOW.total_seconds()


def _keys(secret: str) -> list[bytes]:
    """The key: base64 after `whsec_`. A secret that is not base64 is taken as it is."""
    text = secret.strip()
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    as_it_is = [] if text.startswith("whsec_") and key else [text.encode()]
    return [*([key] if key else []), *as_it_is]


def _sign(key: bytes, signed: bytes) -> str:
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
