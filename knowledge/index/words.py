"""Words: what the lexical side counts, the same for passages and for queries.

English words lose a plural s; identifiers are split at case, digits, dots and dashes and count as
a whole too (`CrashLoopBackOff` → crash, loop, back, off, crashloopbackoff). Chinese is taken as
character bigrams: on the benchmark a word segmenter finds nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

MEANT = 700
FIRST_CHINESE = "\u3400"
_RUN = re.compile(r"[A-Za-z0-9\u00c0-\u024f]+|[\u3400-\u9fff]+")
_PART = re.compile(
    r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z\u00df-\u024f]+|[A-Z\u00c0-\u00de]+|\d+|[\u00c0-\u024f]+"
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_PAIR = re.compile(r"""\b[\w.-]+=("[^"]*"|'[^']*'|[^\s,;}\])]+)""")
_NUMBER = re.compile(r"(?<!\w)[-+]?\d[\d.,:]*%?(?!\w)")
_MEASURE = re.compile(r"(?<![\w.])(?!\d{3,5}(?![\w.,%]))[-+]?\d[\d.,:]*%?(?!\w)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BLANK = re.compile(r"\s+")
# Too common to tell anything; with them English questions drift to the longest text.
_STOP = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by can do does for from has have how if in into is it its
        may more no not of on or other should so some than that the their them then there these
        they this to was were what when where which while who why will with would you your""",
    )
)


def tidy(text: str) -> str:
    """`text` on one line, without lone surrogates, which no encoder takes."""
    return _BLANK.sub(" ", _SURROGATE.sub(" ", text)).strip()


def meaning(text: str) -> str:
    """What an embedder should read: without `key=value` labels and numbers, which mislead it.

    At most MEANT characters, the size of a passage: more would only blur it.
    """
    return tidy(_NUMBER.sub(" ", _PAIR.sub(" ", text)))[:MEANT]


def wording(text: str) -> str:
    """What should be looked up word by word: values without their keys, and of the numbers only
    those that may be a code (`502`, `1040`)."""
    return tidy(_MEASURE.sub(" ", _PAIR.sub(lambda found: f" {found[1]} ", text)))


def is_chinese(text: str) -> bool:
    """Whether `text` has more Chinese characters than words in Latin letters."""
    return sum(1 for _ in _CHINESE.finditer(text)) > sum(1 for _ in _LATIN.finditer(text))


def words(text: str) -> list[str]:
    """Every word of `text`, in order, as often as it stands there."""
    return [word for _run, found in pieces(text) for word in found]


def pieces(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each run of letters or of Chinese characters, with the words that it gives."""
    for found in _RUN.finditer(text):
        run = found[0]
        yield run, (_latin(run) if run < FIRST_CHINESE else _bigrams(run))


def _bigrams(run: str) -> tuple[str, ...]:
    return (run,) if len(run) == 1 else tuple(run[at : at + 2] for at in range(len(run) - 1))


@lru_cache(maxsize=65536)
def _latin(run: str) -> tuple[str, ...]:
    parts = [part.lower() for part in _PART.findall(run)]
    whole = [run.lower()] if len(parts) > 1 else []
    kept = [_singular(p) for p in parts if len(p) > 1 and p not in _STOP]
    return tuple(kept + whole)


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def fold(text: str) -> str:
    """A name without case, blanks and punctuation: `DiskFull`, `disk-full`, `disk full` agree."""
    return re.sub(r"[\W_]+", "", text.casefold())


_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_.:-][A-Za-z0-9]+)*")
_TELLING = re.compile(r"[a-z0-9][A-Z]|[A-Za-z][_-]?\d|[A-Za-z0-9][_.:-][A-Za-z0-9]|[A-Z]{5}")


def identifiers(text: str) -> list[str]:
    """What looks like the name of an alert, an error or a code rather than a word of a sentence."""
    return [i for i in _IDENTIFIER.findall(text) if len(i) >= 5 and _TELLING.search(i)]
