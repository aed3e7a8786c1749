"""What varies from line to line (numbers, addresses, ids, paths) replaced by placeholders."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_WORDS = 64
_MAX_TEXT = 2000  # characters of a line that are looked at

# The first that fits counts; a placeholder is named like its group. Nothing that repeats holds
# something that repeats the same, so no text, however hostile, takes more than linear time.
_VARIABLE = re.compile(
    r"""
      (?<![0-9A-Za-z])
      (?P<UUID> [0-9A-Fa-f]{8} (?:-[0-9A-Fa-f]{4}){3} - [0-9A-Fa-f]{12} )
      (?![0-9A-Za-z])
    | (?P<TIME>
        (?<!\d) \d{4}[-/]\d\d?[-/]\d\d?
        (?:T\d\d:\d\d (?::\d\d)? (?:[.,]\d+)? (?:Z|[+-]\d\d:?\d\d)?)? (?!\d)
      | (?<![\d:]) \d\d?:\d\d:\d\d (?:[.,]\d+)? (?![\d:]) )
    | (?P<IP>
        (?<![0-9A-Za-z.]) \d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3} (?![0-9A-Za-z])
      | (?<![0-9A-Za-z:]) (?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4} (?![0-9A-Za-z:])
      | (?<![0-9A-Za-z:]) (?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6} (?![0-9A-Za-z:]) )
    | (?<![0-9A-Za-z:])
      (?P<ID> (?:[0-9A-Fa-f]{2}[:-]){3,19} [0-9A-Fa-f]{2} )
      (?![0-9A-Za-z:])
    | (?P<PATH>
        (?<![0-9A-Za-z_.~/]) ~? (?:/[\w.@%+,=-]+){2,} /?
      | (?<![0-9A-Za-z]) [A-Za-z]: (?:\\[\w.@%+,=-]+)+ )
    | (?<![0-9A-Za-z])
      (?P<HEX> 0x[0-9A-Fa-f]+ | (?=[A-Fa-f]*\d)(?=\d*[A-Fa-f]) [0-9A-Fa-f]{8,} )
      (?![0-9A-Za-z])
    | (?<![0-9A-Za-z.])
      (?P<NUM> [-+]?\d+(?:\.\d+)* )
      (?=(?:[A-Za-z]{1,3}|%)?(?![0-9A-Za-z]))  # a unit stays: 31ms
    """,
    re.VERBOSE | re.ASCII,
)


@lru_cache(16_384)
def mask_word(word: str) -> str:
    """One word with what varies in it replaced: `10.0.0.7:80` is `<IP>:<NUM>`."""
    return _VARIABLE.sub(_placeholder, word)


def _placeholder(found: re.Match[str]) -> str:
    return f"<{found.lastgroup}>"


def mask(text: str) -> list[str]:
    """The words of a text's first line, at most MAX_WORDS, with what varies replaced.

    The same text always gives the same words.
    """
    line = text.strip()[:_MAX_TEXT].split("\n", 1)[0]
    words = line.split(None, MAX_WORDS)[:MAX_WORDS]
    return [word if word.isalpha() else mask_word(word) for word in words]
