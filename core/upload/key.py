"""Object keys: where a file of a source stands in its target."""

from __future__ import annotations

from core.errors import InvalidInput


def object_key(prefix: str, source: str, relpath: str) -> str:
    """`{prefix}{source}/{relpath}`, without empty segments.

    Raises InvalidInput for what could leave the source's place: see `check_key`.
    """
    joined = f"{prefix}{source}/{relpath}"
    key = "/".join(segment for segment in joined.split("/") if segment)
    check_key(key)
    return key


def check_key(key: str) -> None:
    """InvalidInput when `key` is empty, absolute, holds `.`, `..` or NUL, or is no valid UTF-8."""
    segments = key.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise InvalidInput(f"the object key {key!r} is absolute or has an empty, . or .. segment")
    if "\0" in key:
        raise InvalidInput(f"the object key {key!r} holds NUL")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"the object key {key!r} is not UTF-8; rename the file") from error
