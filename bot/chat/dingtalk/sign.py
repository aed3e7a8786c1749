"""The signature of DingTalk: the custom robot's (加签) and the HTTP callback's are one formula.

https://open.dingtalk.com/document/orgapp/customize-robot-security-settings
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime


def timestamp_ms(moment: datetime) -> str:
    """`moment` as the platform writes it: Unix milliseconds, decimal."""
    return str(int(moment.timestamp() * 1000))


def sign(secret: str, timestamp: str) -> str:
    """base64(HMAC-SHA256(key=secret, message=timestamp LF secret)).

    It is not percent-encoded: in a query `+`, `/` and `=` must be encoded exactly once.
    """
    message = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, hashlib.sha256)).decode()
