"""Lines that belong together, such as a stack trace, joined into one event.

A line that does not fit the start pattern belongs to the event before. An event ends where the
next one begins, so the last one of a file is not known to be whole: it is left unread until more
comes, or until the file was quiet for a while.
"""

from __future__ import annotations

from itertools import pairwise

from core.config.matching import compile_pattern
from core.config.settings import LogSource, Multiline
from core.intake.lines import LINE_MAX, Encoding, readable


class Joiner:
    """Says where events begin. An event has at most `max_lines` lines and LINE_MAX bytes; what
    goes on behind that is an event of its own."""

    def __init__(self, settings: Multiline, encoding: Encoding) -> None:
        self.quiet = settings.quiet.total_seconds()
        self._start = compile_pattern(settings.start)
        self._max_lines = settings.max_lines
        self._encoding = encoding

    def settled(self, lines: bytes) -> int:
        """How many bytes of whole lines, as the file has them, are events known to be whole."""
        text, _bad = readable(lines, self._encoding)
        before = text.count(b"\n", 0, self._begins(text)[-1])
        return len(lines) - len(lines.split(b"\n", before)[-1])

    def join(self, text: bytes) -> tuple[bytes, bytes]:
        """The text with LF for ends of lines, and the same with each event on one line.

        Both are of the same length: what is found in one has the same place in the other.
        """
        text = text.replace(b"\r\n", b"\n")
        begins = [*self._begins(text), len(text)]
        joined = b"".join(
            text[begin : end - 1].replace(b"\n", b" ") + text[end - 1 : end]
            for begin, end in pairwise(begins)
        )
        return text, joined

    def _begins(self, text: bytes) -> list[int]:
        found = [0]
        at, lines = 0, 0
        for line in text.split(b"\n"):
            end = at + len(line) + 1
            full = lines >= self._max_lines or end - found[-1] > LINE_MAX
            if at and at < len(text) and (full or self._start.search(line.removesuffix(b"\r"))):
                found.append(at)
                lines = 0
            lines += 1
            at = end
        return found


def joiner_of(settings: LogSource) -> Joiner | None:
    """The log's joiner; None when each of its lines is an event."""
    return Joiner(settings.multiline, settings.encoding) if settings.multiline else None
