"""Bytes of a log file made fit to be scanned: UTF-8, no NUL, no overlong line."""

from __future__ import annotations

import re
from typing import Literal

from core.rule.shorten import CUT

LINE_MAX = 64 << 10
_BAD = "\ufffd"
_BAD_BYTES = _BAD.encode()
_MARK = CUT.encode()
_NULS = re.compile(rb"\0+")

Encoding = Literal["utf-8", "gb18030"]


def readable(raw: bytes, encoding: Encoding) -> tuple[bytes, int]:
    """The lines as UTF-8, and in how many places they were not what they should be.

    What cannot be decoded becomes U+FFFD, and so does a run of NULs (a hole that a truncated
    file has). A line over LINE_MAX bytes ends there with a mark. No line comes or goes.
    """
    text, bad = _utf8(raw, encoding)
    if b"\0" in text:
        text, runs = _NULS.subn(_BAD_BYTES, text)
        bad += runs
    return (_cut(text) if len(text) > LINE_MAX else text), bad


def _utf8(raw: bytes, encoding: Encoding) -> tuple[bytes, int]:
    if raw.isascii():
        return raw, 0
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        repaired = raw.decode(encoding, "replace")
        own = raw.count(_BAD_BYTES) if encoding == "utf-8" else 0
        return repaired.encode(), repaired.count(_BAD) - own
    return (raw if encoding == "utf-8" else text.encode()), 0


def _cut(text: bytes) -> bytes:
    """Steps of LINE_MAX that each end at a line's end; a step without one is in a long line."""
    parts: list[bytes] = []
    kept, at = 0, 0
    while len(text) - at > LINE_MAX:
        end = text.rfind(b"\n", at, at + LINE_MAX + 1)
        if end < 0:
            parts.append(text[kept : _whole(text, at + LINE_MAX - len(_MARK))])
            parts.append(_MARK)
            end = text.find(b"\n", at + LINE_MAX)
            if end < 0:
                return b"".join(parts)
            kept = end
        at = end + 1
    return b"".join([*parts, text[kept:]]) if parts else text


def _whole(text: bytes, end: int) -> int:
    """`end`, or a little before it, so that no character is cut in two."""
    while text[end] & 0xC0 == 0x80:
        end -= 1
    return end
