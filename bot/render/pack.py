"""Packing a list of entries into messages that a phone can read, split between entries."""

from __future__ import annotations

from collections.abc import Sequence

LIMIT = 3000  # characters; DingTalk's clients degrade longer markdown
_MARK = 12  # room for ` (12/34)`


def pack(
    head: str, entries: Sequence[str], foot: str, more: str, limit: int = LIMIT
) -> list[tuple[str, str]]:
    """Messages as (mark, text): head and foot in the first, every entry in exactly one.

    Each entry is at least `- ` and its text; head and foot together leave room for one. `more`
    heads what follows the first message. The mark is `(1/3)`, or empty when there is one.
    """
    pieces: list[list[str]] = [[]]
    room = limit - _MARK - len(head) - len(foot) - 4
    for entry in entries:
        if pieces[-1] and len(entry) + 1 > room:
            pieces.append([])
            room = limit - _MARK - len(more) - 2
        pieces[-1].append(entry)
        room -= len(entry) + 1
    packed = []
    for number, piece in enumerate(pieces, 1):
        mark = f"({number}/{len(pieces)})" if len(pieces) > 1 else ""
        top, end = (head, foot) if number == 1 else (more, "")
        text = "\n\n".join(part for part in (top, "\n".join(piece), end) if part)
        packed.append((mark, _marked(text, mark)))
    return packed


def _marked(text: str, mark: str) -> str:
    """The mark at the end of the heading."""
    if not mark:
        return text
    first, newline, rest = text.partition("\n")
    return f"{first} {mark}{newline}{rest}"
