"""Shortening a text so that the reader sees that it was shortened."""

from __future__ import annotations

CUT = "…（已截断）"
_CUT_BYTES = len(CUT.encode())


def shorten(text: str, limit: int) -> str:
    """`text` in at most `limit` characters; what is cut off is said to be."""
    return text if len(text) <= limit else text[: max(0, limit - len(CUT))] + CUT


def shorten_bytes(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes of UTF-8; a character is never cut in two."""
    if len(text) * 4 <= limit:
        return text
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text
    return raw[: max(0, limit - _CUT_BYTES)].decode("utf-8", "ignore") + CUT
