"""Exceptions in a log and what lies at their root: Java, Python, Go and Node.

Java and Node write the root last (`Caused by: …`, `[cause]: …`), Python first ("The above
exception was the direct cause of …"), Go once (`panic: …`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import re2


class Trouble(msgspec.Struct, frozen=True):
    """One chain of exceptions by its root. at: index of the line that names it.

    frame: the first place in the application's own code, `OrderService.java:42`; may be empty.
    chain: how many exceptions the chain has.
    """

    type: str
    message: str
    at: int
    frame: str = ""
    chain: int = 1


_THROWN: Any = re2.compile(
    r"(?:^|[\s\[(])(?P<type>(?:[A-Za-z_$][\w$]*[.:]{1,2}){0,12}[A-Z][\w$]*"
    r"(?:Exception|Error|Throwable|Interrupt|Timeout|Fault))(?:\s*\[[A-Z_0-9]+\])?"
    r"(?::\s*(?P<message>.*)|\s*$)"
)
_GO: Any = re2.compile(r"(?:^|\s)(?P<type>panic|fatal error):\s+(?P<message>.+)$")
_NODE: Any = re2.compile(r"^\s*(?:\[cause\]: )?(?:Uncaught )?(?P<type>Error):\s+(?P<message>.+)$")
_FRAME: Any = re2.compile(
    r"^\s*(?:at\s+(?:(?P<call>[\w.$<>/\[\] ]+)\s?\((?P<place>[^()]+)\)|(?P<bare>\S+:\d+:\d+))"
    r'|File "(?P<file>[^"]+)", line (?P<line>\d+)'
    r"|(?P<go>/?\S+\.go:\d+))"
)
_GO_FRAME = re.compile(r"/?\S{1,300}\.go:\d")
_FOREIGN: Any = re2.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|kotlin|scala|org\.(?:springframework|apache|hibernate|eclipse"
    r"|junit|jboss)|io\.netty|reactor|com\.(?:zaxxer|mysql|google|fasterxml|alibaba))\."
    r"|node:|internal/|node_modules|site-packages|dist-packages|/lib/python|/usr/local/go/|/runtime/"
    r"|<frozen|<unknown|Native Method|Unknown Source"
)
_ABOVE = ("direct cause of the following exception", "handling of the above exception")
_LONGEST_GAP = 60  # lines of stack between two exceptions of one chain


def troubles_in(lines: Iterable[str], limit: int = 200) -> list[Trouble]:
    """The chains of exceptions in `lines`, in their order, at most `limit`. Linear."""
    found: list[Trouble] = []
    chain: list[Trouble] = []
    cause_first = False
    last = -_LONGEST_GAP

    def close() -> None:
        if chain:
            root = chain[0] if cause_first else chain[-1]
            found.append(msgspec.structs.replace(root, chain=len(chain)))
            chain.clear()

    pending = ""  # Python writes its frames before the exception
    for at, line in enumerate(lines):
        if len(found) >= limit:
            break
        if _is_frame(line):
            if line.lstrip().startswith("File "):
                pending = _own_place(line) or pending
            elif chain and not chain[-1].frame and at - last <= _LONGEST_GAP:
                chain[-1] = msgspec.structs.replace(chain[-1], frame=_own_place(line))
            continue
        if any(words in line for words in _ABOVE):
            cause_first = True
            last = at
            continue
        thrown = _thrown(line, at)
        if thrown is None:
            continue
        if pending:
            thrown = msgspec.structs.replace(thrown, frame=pending)
            pending = ""
        deeper = line.lstrip().startswith(("Caused by:", "[cause]:", "Suppressed:"))
        if not (deeper or cause_first) or at - last > _LONGEST_GAP:
            close()
            cause_first = False
        if not line.lstrip().startswith("Suppressed:") or not chain:
            chain.append(thrown)
        last = at
    close()
    return found[:limit]


def _is_frame(line: str) -> bool:
    start = line.lstrip()
    return start.startswith(("at ", 'File "')) or (
        ".go:" in start[:300] and _GO_FRAME.match(start) is not None
    )


def _thrown(line: str, at: int) -> Trouble | None:
    for pattern, hint in ((_GO, "panic"), (_GO, "fatal error"), (_NODE, "Error:"), (_THROWN, "")):
        if hint and hint not in line:
            continue
        if not hint and not _may_throw(line):
            continue
        match = pattern.search(line)
        if match is not None:
            return Trouble(match["type"], (match["message"] or "").strip()[:300], at)
    return None


def _may_throw(line: str) -> bool:
    return any(
        w in line for w in ("Error", "Exception", "Throwable", "Interrupt", "Timeout", "Fault")
    )


def _own_place(line: str) -> str:
    """`OrderService.java:42` of a stack frame in the application's own code; else empty."""
    match = _FRAME.match(line)
    if match is None:
        return ""
    if match["file"]:
        place = f"{match['file']}:{match['line']}"
        return "" if _FOREIGN.search(place) else place.rsplit("/", 1)[-1]
    place = match["place"] or match["bare"] or match["go"] or ""
    if _FOREIGN.search((match["call"] or "").strip()) or _FOREIGN.search(place):
        return ""
    return place.rsplit("/", 1)[-1]
