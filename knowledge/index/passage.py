"""Passages: a text cut at its paragraphs into pieces of about 700 characters.

The size is the benchmark's best for the built-in embedder; longer pieces blur, shorter ones
lose what they are about.
"""

from __future__ import annotations

import hashlib
import re

from knowledge.index.words import meaning

SIZE = 700
LONGEST = 1050  # a paragraph up to here stays whole
MOST = 400  # passages a document; what stands behind them is not searched
_PARAGRAPH = re.compile(r"\n\s*\n")
_ENDS = ("\n", "。", ". ", "；", "; ", "，", ", ", " ")


def cut(text: str) -> list[str]:
    """The passages of `text`, in order; one empty passage when there is no text.

    Together they hold every character but the blanks between them.
    """
    found: list[str] = []
    current = ""
    for paragraph in _PARAGRAPH.split(text):
        for piece in _shorten(paragraph.strip()):
            if current and len(current) + len(piece) > SIZE:
                found.append(current)
                current = piece
            else:
                current = f"{current}\n\n{piece}" if current else piece
    if current or not found:
        found.append(current)
    return found[:MOST]


def _shorten(paragraph: str) -> list[str]:
    """A paragraph in pieces of at most LONGEST, cut behind a line, a sentence or a word."""
    pieces = []
    while len(paragraph) > LONGEST:
        at = next(
            (
                place + len(end)
                for end in _ENDS
                if (place := paragraph.rfind(end, SIZE // 3, SIZE)) >= 0
            ),
            SIZE,
        )
        pieces.append(paragraph[:at].strip())
        paragraph = paragraph[at:].strip()
    return [*pieces, paragraph] if paragraph else pieces


def embedding_text(title: str, passage: str) -> str:
    """What of a passage is embedded: its document's title, then itself."""
    return meaning(f"{title}. {passage}" if title else passage)


def content_hash(text: str) -> str:
    """Names what was embedded, so that it is embedded once."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
