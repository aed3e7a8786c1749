"""One log file, read from where it was left, through rotation and truncation.

Everything here blocks, and one caller at a time may use a file. Nothing that was read counts as
done before `advance`, so what could not be stored is simply read again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

import msgspec
import structlog

from core.intake.lines import LINE_MAX
from core.intake.place import HEAD_SIZE, Place, digest

log = structlog.get_logger(__name__)
CHUNK = 1 << 20
FLUSH = 2.0  # seconds without growth after which a line without an end counts as a line
_TRIES = 3


class Piece(msgspec.Struct, frozen=True):
    """Whole lines, and where the file is when they are done with: the next offset, and whether
    the rest of an overlong line comes there. `lines` may be empty while the offset moves on."""

    lines: bytes
    offset: int
    skipping: bool


class Follow:
    """A file that is followed. It stays the same file when its name changes.

    Moments are the caller's monotonic seconds. gone: since when no pattern finds the file, None
    while one does. size: as it was last seen.
    """

    def __init__(self, place: Place, size: int, now: float) -> None:
        self.place = place
        self.size = size
        self.gone: float | None = None
        self.complained = False
        self.bad_reported = False
        self.grown = now
        self._fd: int | None = None
        self._waiting = False  # nothing but the begin of a line is there

    @property
    def lag(self) -> int:
        """Bytes that are there and not done with."""
        return max(0, self.size - self.place.offset)

    @property
    def is_open(self) -> bool:
        """Whether its growth is seen here, and not only by its size in the directory."""
        return self._fd is not None

    def seen(self, path: str, size: int, now: float) -> None:
        """It is there, under this name."""
        self.place.path, self.place.gone_at, self.gone = path, 0, None
        self._note(size, now)

    def skip_to_end(self) -> None:
        """Leave out what stands in the file, with the rest of a line that is being written."""
        self.place.offset = self.size
        if self.size and (fd := self._open()) is not None:
            self._learn_head(fd)
            self.place.skipping = os.pread(fd, 1, self.size - 1) != b"\n"
            self.close()

    def read(self, now: float, limit: int = CHUNK) -> Piece | None:
        """The next lines, at most `limit` bytes; None when no whole line is there.

        Raises OSError when the file cannot be read.
        """
        if self._fd is None and self.gone is None and self.size == self.place.offset:
            return None
        if (fd := self._open()) is None:
            return None
        self._measure(fd, now)
        flush = now - self.grown >= FLUSH
        if self.size == self.place.offset or (self._waiting and not flush):
            return None
        piece = None
        for _try in range(_TRIES):
            if self.size < self.place.offset or not self.is_same(fd):
                self._begin_again()
            self._learn_head(fd)
            chunk = os.pread(fd, limit, self.place.offset)
            if self.is_same(fd):  # else it was written anew while it was read
                piece = self._cut(chunk, full=len(chunk) == limit, flush=flush)
                break
            self._measure(fd, now)
        self._waiting = piece is None
        return piece

    def advance(self, piece: Piece) -> None:
        """A piece is done with."""
        self.place.offset = piece.offset
        self.place.skipping = piece.skipping

    def rest(self, now: float, idle: float) -> None:
        """Close the file when it was read to its end and has not grown for `idle` seconds."""
        if self.gone is None and not self.lag and now - self.grown >= idle:
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def exists(self) -> bool:
        """Whether it may be there under some name: if it is, or its directory cannot be seen."""
        try:
            return any(self._names())
        except OSError:
            return True

    def fits(self) -> bool:
        """Whether the file at its path begins as it did and is as long as what was read."""
        fd = self._open()
        return fd is not None and self.size >= self.place.offset and self.is_same(fd)

    def is_same(self, fd: int) -> bool:
        """Whether the file begins as it did."""
        size = self.place.head_size
        return not size or digest(os.pread(fd, size, 0)) == self.place.head

    def _measure(self, fd: int, now: float) -> None:
        self._note(os.fstat(fd).st_size, now)

    def _note(self, size: int, now: float) -> None:
        if size != self.size:
            self.size, self.grown, self._waiting = size, now, False

    def _begin_again(self) -> None:
        log.info("log_file_truncated", file=self.place.path, offset=self.place.offset)
        self.place.offset, self.place.skipping = 0, False
        self.place.head, self.place.head_size = "", 0

    def _learn_head(self, fd: int) -> None:
        if self.place.head_size < HEAD_SIZE:
            head = os.pread(fd, HEAD_SIZE, 0)
            self.place.head, self.place.head_size = digest(head), len(head)

    def _cut(self, chunk: bytes, *, full: bool, flush: bool) -> Piece | None:
        """The whole lines of what was read at the offset. full: the file may go on behind it."""
        offset = self.place.offset
        begin = 0
        if self.place.skipping:
            begin = chunk.find(b"\n") + 1
            if not begin:
                return Piece(b"", offset + len(chunk), True) if chunk else None
        end = chunk.rfind(b"\n", begin) + 1
        if end > begin:
            return Piece(chunk[begin:end], offset + end, False)
        if begin:
            return Piece(b"", offset + begin, False)
        if full:
            if not chunk.strip(b"\0"):  # a hole; a line may begin behind it
                return Piece(b"", offset + len(chunk), False)
            return Piece(chunk[: LINE_MAX + 1], offset + len(chunk), True)
        return Piece(chunk, offset + len(chunk), False) if flush and chunk else None

    def _open(self) -> int | None:
        """The open file; None when it is nowhere to be found."""
        # A name without known content behind it may by now be another file's.
        if self._fd is None and (self.gone is None or self.place.head_size):
            try:
                for path in self._names():
                    if self._is_open_at(path):
                        break
            except FileNotFoundError:  # its directory went, or it was renamed at this moment
                return None
        return self._fd

    def _is_open_at(self, path: str) -> bool:
        # NONBLOCK: a pipe that took the file's place would hold the thread for ever.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(fd)
        if (status.st_dev, status.st_ino) == self.place.key and stat.S_ISREG(status.st_mode):
            self._fd = fd
            return True
        os.close(fd)
        return False

    def _names(self) -> Iterator[str]:
        """Where the file is: at its path, or under another name beside it."""
        try:
            status = os.stat(self.place.path)
        except FileNotFoundError:
            status = None
        if status is not None and (status.st_dev, status.st_ino) == self.place.key:
            yield self.place.path
            return
        with os.scandir(os.path.dirname(self.place.path) or ".") as entries:
            for entry in entries:
                if entry.inode() == self.place.inode and entry.is_file(follow_symlinks=False):
                    yield entry.path
