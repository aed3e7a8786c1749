"""Comparing credentials so that the time it takes tells nothing."""

from __future__ import annotations

import hashlib
import hmac


def same(given: str, wanted: str) -> bool:
    """Whether two credentials are equal. An empty one never is."""
    given, wanted = given.strip(), wanted.strip()
    equal = hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass")
    )
    return equal and bool(wanted)


def hmac_hex(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of `body` in hex."""
    key = secret.strip().encode("utf-8", "surrogatepass")
    return hmac.new(key, body, hashlib.sha256).hexdigest()
