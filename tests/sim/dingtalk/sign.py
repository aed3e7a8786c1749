"""The platform's signatures (custom robot and callback share one formula)."""

import base64
import hashlib
import hmac


def sign(secret: str, timestamp: str) -> str:
    """base64(HMAC-SHA256(key=secret, message=timestamp LF secret)), not percent-encoded."""
    return _hmac64(secret, f"{timestamp}\n{secret}")


def sign_card_callback(secret: str, timestamp: str) -> str:
    """Card callbacks over HTTP sign the timestamp alone."""
    return _hmac64(secret, timestamp)


def _hmac64(key: str, message: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), message.encode(), hashlib.sha256)).decode()
