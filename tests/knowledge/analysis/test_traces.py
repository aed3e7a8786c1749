"""The root of a chain of exceptions, and the first place in the application's own code."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.analysis.traces import troubles_in

SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize(
    ("name", "kind", "frame", "chain"),
    [
        ("java", "java.sql.SQLTransientConnectionException", "OrderRepository.java:42", 2),
        ("python", "FileNotFoundError", "load.py:12", 2),
        ("go", "panic", "server.go:42", 1),
    ],
)
def test_the_root_of_a_chain(name: str, kind: str, frame: str, chain: int) -> None:
    lines = [line.strip() for line in (SAMPLES / f"{name}.log").read_text("utf-8").splitlines()]
    trouble = troubles_in(lines)[0]
    assert (trouble.type, trouble.frame, trouble.chain) == (kind, frame, chain)
    assert trouble.type in lines[trouble.at]


def test_node_names_the_cause_last() -> None:
    lines = [
        "Error: upload failed",
        "    at Upload.run (/app/src/upload.js:10:3)",
        "  [cause]: Error: connect ETIMEDOUT 10.0.0.1:443",
        "      at node:net:1555:16",
        "      at Socket.open (/app/src/socket.js:7:1)",
    ]
    (trouble,) = troubles_in(lines)
    assert "ETIMEDOUT" in trouble.message
    assert trouble.frame == "socket.js:7:1"


def test_two_exceptions_are_two_troubles() -> None:
    lines = ["a.b.FirstException: one", "at a.b.C.d(C.java:1)", "a.b.SecondException: two"]
    assert [t.type for t in troubles_in(lines)] == ["a.b.FirstException", "a.b.SecondException"]
    assert len(troubles_in(["a.AError: x"] * 500, limit=3)) == 3


@given(st.lists(st.sampled_from(["a.BError: x", "Caused by: a.C", "at a.b(C.java:1)", "panic: ",
                                 'File "x.py", line 1', "[cause]: Error: y", "Suppressed: a.DError",
                                 "/x.go:1", "direct cause of the following exception"])
                | st.text(max_size=30)))  # fmt: skip
def test_any_lines_are_read_and_places_are_real(lines: list[str]) -> None:
    clean = [line.encode("utf-8", "replace").decode() for line in lines]
    assert all(0 <= trouble.at < len(clean) for trouble in troubles_in(clean))
