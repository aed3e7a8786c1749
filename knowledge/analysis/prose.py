"""A model's own sentences, before people see them: nothing in them may act or lead away.

What a log's author talked a model into saying (a link to follow, people to call, a command for the
chat, a case that was never given) goes with its whole sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from core.redact import redact
from knowledge.analysis.model import shorten

MAX_READ = 5000
CODE = re.compile(r"`[^`\n]{1,400}`")
_HIDDEN = re.compile(r"\ue000(\d{1,4})\ue001")
_RESERVED = dict.fromkeys((0xE000, 0xE001))
# Latin marks end a sentence only before a blank: cutting `<!channel>` in two would let it through.
_END = re.compile(r"(?<=[。！？；\n])|(?<=[.;!?])\s+")
_ACTS = re.compile(
    r"https?:|\bftp:|\bwww\.|\]\(|\bdata:\w+/|javascript:"  # addresses, Markdown links
    r"|[@＠](?:all|here|channel|everyone|所有人|全体)|<[!@]"  # calls for people
    r"|(?:^|[\s`])[/／](?:ack|unack|resolve|reopen|assign|silence|unsilence|escalate|retry|upload|note)\b"
    r"|<\s*/?\s*(?:script|img|iframe|svg|object|style|link|meta|form|a)\b"
    r"|\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b",  # what is downloaded and run
    re.IGNORECASE,
)
_ID = re.compile(r"\b(?:INC|KB|ALT)-\d{1,12}\b", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """`text` in sentences, their marks kept; what stands in backticks is never cut."""
    codes: list[str] = []

    def hide(match: re.Match[str]) -> str:
        codes.append(match[0])
        return f"\ue000{len(codes) - 1}\ue001"

    hidden = CODE.sub(hide, text[:MAX_READ].translate(_RESERVED))
    parts = [part.strip() for part in _END.split(hidden) if part and part.strip()]
    return [_HIDDEN.sub(lambda m: codes[int(m[1])], part) for part in parts]


def acts(sentence: str) -> bool:
    """Whether `sentence` would lead people or programs to do something by being shown."""
    return _ACTS.search(sentence) is not None


def prose(text: str, ids: Collection[str], limit: int) -> str:
    """The harmless sentences of `text` on one line of at most `limit` characters; may be empty.

    ids: those that a sentence may name.
    """
    known = {each.upper() for each in ids}
    kept = [
        sentence
        for sentence in sentences(redact(text[:MAX_READ]))
        if not acts(sentence) and all(found.upper() in known for found in _ID.findall(sentence))
    ]
    joined = ""
    for sentence in kept:
        tight = not joined or joined.endswith(("。", "！", "？", "；"))
        joined += sentence if tight else f" {sentence}"
    return shorten(joined, limit)
