"""Digest: the lines of a material that say something is wrong, grouped by what they repeat."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from knowledge.analysis.lexicon import Kind, is_quiet, kind_of, rank_of
from knowledge.analysis.material import Line, Material

MAX_SHAPES = 5000
# Quoted by no one: what a repeat changes. One pass; each alternative is bounded or starts a run.
_VARIABLE = re.compile(
    r"\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b0x[0-9a-fA-F]+\b|\b(?=[a-f]*\d)[0-9a-f]{12,}\b|\d+"
)
_FRAME = 'File "'  # of a Python stack: the line of code after it is not the program's word
_THROWN = re.compile(r"[\w.]{1,200}(?:Error|Exception|Exit|Interrupt|Warning)(?::|$)")
_STACK = (
    "at ",
    _FRAME,
    "... ",
    "goroutine ",
    "Traceback (",
    "During handling of",
    "The above exc",
)


class Shape(msgspec.Struct):
    """Lines that differ only in numbers and ids. line: the first of them; at: its index."""

    line: Line
    at: int
    rank: int
    kind: Kind | None
    count: int


class Digest(msgspec.Struct, frozen=True):
    """shapes: in the order they first appeared. bad: how many lines say something is wrong."""

    shapes: tuple[Shape, ...]
    bad: int

    def worst(self, limit: int) -> list[Shape]:
        """The `limit` shapes that matter most: by rank, a known kind, repeats, then order."""
        return sorted(self.shapes, key=lambda s: (-s.rank, s.kind is None, -s.count, s.at))[:limit]


def digest(material: Material) -> Digest:
    """Find and group the lines that matter. Linear in the material; bounded in shapes.

    An alert's text is bad news by nature, so each of its lines counts as an error at least.
    """
    floor = 2 if material.severity is not None else 0
    shapes: dict[str, Shape] = {}
    bad = 0
    after_frame = False
    for at, line in enumerate(material.lines):
        code = after_frame and _THROWN.match(line.text) is None
        after_frame = line.text.startswith(_FRAME)
        if code or line.text.startswith(_STACK):
            continue
        rank = max(rank_of(line.text), floor)
        kind = kind_of(line.text)
        if rank == 0:
            if kind is None or is_quiet(line.text):
                continue
            rank = 1
        bad += line.count
        key = _VARIABLE.sub("#", line.text[:400])
        shape = shapes.get(key)
        if shape is not None:
            shape.count += line.count
            shape.rank = max(shape.rank, rank)
        elif len(shapes) < MAX_SHAPES:
            shapes[key] = Shape(line, at, rank, kind, line.count)
    return Digest(tuple(shapes.values()), bad)


def texts(lines: Sequence[Line]) -> list[str]:
    """The bare texts."""
    return [line.text for line in lines]
