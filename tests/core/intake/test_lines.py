"""Whatever bytes a file holds, its lines come out once, in order, readable and not too long."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.intake import follow, lines
from core.intake.find import directories
from core.intake.follow import Follow
from core.intake.lines import readable
from core.intake.place import Place
from core.rule.shorten import CUT

SHORT = 32
MARK = CUT.encode()
_PART = st.sampled_from([b"\n", b"\n", b"\r\n", b"ab", b"x" * 7, "中文".encode(), b"\xff", b"\xe4"])
_FILE = st.lists(_PART, max_size=60).map(b"".join)


def cut(line: bytes) -> bytes:
    """The plain rule: at most SHORT bytes, the last of them the mark, no character cut in two."""
    if len(line) <= SHORT:
        return line
    head = line[: SHORT - len(MARK)].decode("utf-8", "ignore")
    return head.encode() + MARK


@given(_FILE)
def test_long_lines_end_with_a_mark(raw: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LINE_MAX", SHORT)
        text, bad = readable(raw, "utf-8")
    whole = raw.decode("utf-8", "replace").encode()
    assert bad == whole.count(b"\xef\xbf\xbd")
    assert text == b"\n".join(map(cut, whole.split(b"\n")))


@settings(deadline=None)
@given(_FILE, st.integers(SHORT + 1, 3 * SHORT))
def test_a_file_is_read_line_by_line_whatever_the_chunk(raw: bytes, limit: int) -> None:
    with tempfile.NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LINE_MAX", SHORT)
        patch.setattr(follow, "LINE_MAX", SHORT)
        file.write(raw)
        file.flush()
        status = os.fstat(file.fileno())
        followed = Follow(Place(file.name, status.st_dev, status.st_ino), status.st_size, 0)
        found: list[bytes] = []
        for now in (0, 100):  # at last the rest, which has no end
            while (piece := followed.read(now, limit)) is not None:
                text, _bad = readable(piece.lines, "utf-8")
                found += text.removesuffix(b"\n").split(b"\n") if text else []
                followed.advance(piece)
        followed.close()
        assert followed.lag == 0
    # Cutting goes before or after decoding, so only lines without broken characters compare.
    expected = raw.removesuffix(b"\n").split(b"\n") if raw else []
    assert len(found) == len(expected)
    for line, given_line in zip(found, expected, strict=True):
        assert len(line) <= SHORT
        if b"\xff" not in given_line and b"\xe4" not in given_line.replace(b"\xe4\xb8\xad", b""):
            assert line == cut(given_line)


def test_what_is_decoded_and_what_is_replaced() -> None:
    assert readable(b"plain\n", "utf-8") == (b"plain\n", 0)
    assert readable("a\ufffd\n".encode(), "utf-8") == ("a\ufffd\n".encode(), 0)
    assert readable(b"\xff\n\0\0\0x\0\n", "utf-8") == ("\ufffd\n\ufffdx\ufffd\n".encode(), 3)
    assert readable("磁盘\r\n".encode("gb18030"), "gb18030") == ("磁盘\r\n".encode(), 0)


def test_where_files_may_appear() -> None:
    assert directories(["/var/log/a.log", "/var/log/*.log"]) == ({"/var/log"}, set())
    assert directories(["/var/log/*/x.log", "/srv/**"]) == (set(), {"/var/log", "/srv"})
