"""What makes two events the same alert."""

from __future__ import annotations

import hashlib

from core.model.event import Event
from core.rule.log_template import name_of


def fingerprint(*parts: str) -> str:
    """16 hex digits that stand for these texts in this order."""
    return hashlib.blake2b("\x00".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def of_labels(labels: dict[str, str]) -> str:
    """The fingerprint of a label set; the order of the labels does not matter."""
    return fingerprint(*(f"{k}\x01{v}" for k, v in sorted(labels.items())))


def of_event(event: Event, labels: dict[str, str]) -> str:
    """The sender's dedup_key wins, then the source's own fingerprint, then the labels."""
    if event.dedup_key:
        return fingerprint("dedup_key", event.dedup_key)
    return event.fingerprint or of_labels(labels)


def of_template(template: str, labels: dict[str, str]) -> str:
    """The fingerprint of a text that came without one: the id of its template, and its labels."""
    return fingerprint("template", template, of_labels(labels))


def name_from_text(text: str) -> str:
    """An alert name for a text that came without one: its first line, what varies masked."""
    return name_of(text)
