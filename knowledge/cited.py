"""A model's answer, sentence by sentence, held against the sources that it cites.

A sentence stays when it cites a source that was given, when its code and its ids stand in a cited
source, and when nothing in it acts. Source of the idea: attributed question answering; the check
is mechanical, so that it is the same every time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from knowledge.analysis.prose import CODE, acts, sentences
from knowledge.source import Source

MAX_SENTENCES = 12
_MARKS = re.compile(r"\s*\[(\d{1,3})\]")
_LEADING = re.compile(r"^(?:\s*\[\d{1,3}\])+")
_NUMBERS = re.compile(r"[\[【](\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)[\]】]")
_ID = re.compile(r"\b(?:INC|KB|ALT)-\d{1,12}\b", re.IGNORECASE)
_WORDLESS = re.compile(r"^[\W\d_]*$")


class Kept(msgspec.Struct, frozen=True):
    """text: the sentences that hold, with their marks. cited: the numbers in them, in order."""

    text: str
    cited: tuple[int, ...]


def kept(answer: str, sources: Sequence[Source]) -> Kept:
    """What of `answer` holds; an empty text when nothing does."""
    by_number = {source.n: source for source in sources}
    lines: list[str] = []
    cited: dict[int, None] = {}
    count = 0
    for line in answer.splitlines():
        good: list[str] = []
        for sentence in _with_their_marks(_NUMBERS.sub(_apart, line)):
            numbers = [int(n) for n in _MARKS.findall(sentence) if int(n) in by_number]
            if count < MAX_SENTENCES and _holds(sentence, [by_number[n] for n in numbers]):
                good.append(_only(sentence, numbers))
                cited.update(dict.fromkeys(numbers))
                count += 1
        if good:
            lines.append(" ".join(good))
    return Kept("\n".join(lines), tuple(cited))


def _apart(match: re.Match[str]) -> str:
    """`[1, 2]` and `【1】` as `[1][2]`."""
    return "".join(f"[{n}]" for n in re.findall(r"\d+", match[1]))


def _with_their_marks(line: str) -> list[str]:
    """Sentences, each with the marks that follow its full stop and the number before it."""
    found: list[str] = []
    before = ""
    for part in sentences(line):
        marks = _LEADING.match(part)
        if marks is not None and found:
            found[-1] += marks[0].strip() if found[-1].endswith("]") else f" {marks[0].strip()}"
            part = part[marks.end() :].strip()
        if not part:
            continue
        if _WORDLESS.match(part):  # `1.` of a list
            before = f"{part} "
        else:
            found.append(before + part)
            before = ""
    return found


def _holds(sentence: str, sources: list[Source]) -> bool:
    if not sources or acts(CODE.sub(" ", sentence)):
        return False
    text = " ".join(" ".join((s.id, s.title, s.text, *s.lines)) for s in sources)
    text = _squeezed(text)
    codes = [_squeezed(code[1:-1]) for code in CODE.findall(sentence)]
    return all(code in text for code in codes) and all(
        found.upper() in text.upper() for found in _ID.findall(sentence)
    )


def _only(sentence: str, numbers: list[int]) -> str:
    """The sentence without marks of sources that do not exist."""
    return _MARKS.sub(lambda m: m[0] if int(m[1]) in numbers else "", sentence).strip()


def _squeezed(text: str) -> str:
    return " ".join(text.split())
