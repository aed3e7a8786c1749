"""All files of one log: those the patterns find, and those that were renamed and are read on."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator

import msgspec
import structlog

from core.config.settings import LogSource
from core.intake.find import Found, find
from core.intake.follow import Follow, Piece
from core.intake.place import Place, Places

log = structlog.get_logger(__name__)
LINGER = 30.0  # seconds without growth that a renamed or deleted file is read on
REMEMBER = 7 * 86400.0  # seconds that the place in a file that is gone is kept
MAX_GONE = 200
MAX_OPEN = 256
IDLE = 60.0  # seconds without growth after which a file is not kept open


class Followed:
    """Which files there are, and the place in each. Blocks; one caller at a time.

    A file that is there at the very first start begins as `start_at` says, and so does one that
    only a new pattern finds. All others appeared since, and are read from their beginning.
    """

    def __init__(self, settings: LogSource, stored: Places | None) -> None:
        self._log = settings.name
        self.patterns = [os.path.abspath(path) for path in settings.paths]
        self._at_end = settings.start_at == "end"
        self._known_patterns: Collection[str] = stored.patterns if stored else []
        self._follows: dict[tuple[int, int], Follow] = {}
        self._gone = {place.key: place for place in stored.files} if stored else {}
        self._first_look = True

    @property
    def lag(self) -> int:
        """Bytes that are there and not read, in all files."""
        return sum(follow.lag for follow in self._follows.values())

    def open_paths(self) -> set[str]:
        """The files whose growth `ready` sees by itself."""
        return {f.place.path for f in self._follows.values() if f.is_open and f.gone is None}

    def look(self, now: float) -> None:
        """See which files are there. Cost: a walk through the patterns' directories."""
        # Where an old pattern and a new one find the same file, the old one counts.
        found = find(sorted(self.patterns, key=lambda p: p not in self._known_patterns))
        for key, one in found.items():
            follow = self._follows.get(key)
            if follow is None:
                follow = self._follows[key] = self._begin(one, now)
            follow.seen(one.path, one.size, now)
        for key, follow in list(self._follows.items()):
            if key not in found:
                self._miss(key, follow, now)
        if self._first_look:
            self._find_renamed(now)
            if not found:
                log.warning("log_has_no_files", log=self._log, paths=self.patterns)
        self._first_look = False

    def ready(self, now: float) -> Iterator[Follow]:
        """Files to read from: first those that are renamed, then the longest waiting."""
        follows = sorted(self._follows.values(), key=lambda f: f.gone is None)
        idle = IDLE if sum(f.is_open for f in follows) <= MAX_OPEN else 0
        for follow in follows:
            yield follow
            follow.rest(now, idle)

    def served(self, follow: Follow) -> None:
        """The others come first now."""
        key = follow.place.key
        self._follows[key] = self._follows.pop(key)

    def places(self, taken: Iterable[tuple[Follow, Piece]] = ()) -> Places:
        """The place in every file, as if the pieces `taken` were done with."""
        done = {id(follow): piece for follow, piece in taken}
        files = []
        for follow in self._follows.values():
            piece = done.get(id(follow))
            files.append(
                msgspec.structs.replace(follow.place, offset=piece.offset, skipping=piece.skipping)
                if piece
                else follow.place
            )
        return Places(self.patterns, [*files, *self._gone.values()])

    def close(self) -> None:
        """Let go of all files."""
        for follow in self._follows.values():
            follow.close()

    def _begin(self, one: Found, now: float) -> Follow:
        known = self._gone.pop(one.key, None) or self._moved(one, now)
        if known is not None:
            return Follow(known, one.size, now)
        follow = Follow(Place(one.path, one.device, one.inode), one.size, now)
        if self._at_end and self._first_look and one.pattern not in self._known_patterns:
            try:
                follow.skip_to_end()
            except OSError as error:
                self.complain(follow, error)
        return follow

    def _moved(self, one: Found, now: float) -> Place | None:
        """A file system may have another device number after a restart."""
        for key, place in self._gone.items():
            if place.inode == one.inode and place.head_size:
                moved = msgspec.structs.replace(place, path=one.path, device=one.device)
                if self._fits(Follow(moved, one.size, now)):
                    del self._gone[key]
                    return moved
        return None

    def _fits(self, follow: Follow) -> bool:
        try:
            return follow.fits()
        except OSError as error:
            self.complain(follow, error)
            return False
        finally:
            follow.close()

    def _miss(self, key: tuple[int, int], follow: Follow, now: float) -> None:
        """No pattern finds it: it was renamed or deleted, or its directory is away."""
        if follow.gone is None:
            follow.gone = now
        if now - max(follow.gone, follow.grown) < LINGER or (follow.is_open and follow.lag):
            return
        follow.close()
        del self._follows[key]
        if follow.exists():
            follow.place.gone_at = time.time()
            self._gone[key] = follow.place
            self._forget()

    def _forget(self) -> None:
        oldest_first = sorted(self._gone.values(), key=lambda place: place.gone_at)
        since = time.time() - REMEMBER
        self._gone = {p.key: p for p in oldest_first[-MAX_GONE:] if p.gone_at > since}

    def _find_renamed(self, now: float) -> None:
        """Files that were renamed while nobody looked are read to their end as well."""
        for key, place in list(self._gone.items()):
            follow = Follow(place, place.offset, now)
            follow.gone = now
            if self._fits(follow):
                self._follows[key] = follow
            elif follow.exists():
                place.gone_at = place.gone_at or time.time()
                continue
            del self._gone[key]

    def complain(self, follow: Follow, error: OSError) -> None:
        """Tell that a file cannot be read, once until it can. It is tried again."""
        follow.close()
        if not follow.complained:
            follow.complained = True
            log.warning(
                "log_file_unreadable", log=self._log, file=follow.place.path, error=str(error)
            )
