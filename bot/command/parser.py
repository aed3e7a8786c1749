"""A typed line → the command it names and its arguments, whatever keyboard typed it.

Chat clients leave a space where the bot's name stood, Chinese input methods type `／`, full-width
digits and spaces, and copied text carries characters that show nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TEXT = 4000  # characters; more is no command that a person typed
# One character for one: positions in the text stay what they were.
_NARROW = str.maketrans(
    {
        **{chr(0xFF10 + i): chr(0x30 + i) for i in range(10)},
        **{chr(0xFF21 + i): chr(0x41 + i) for i in range(26)},
        **{chr(0xFF41 + i): chr(0x61 + i) for i in range(26)},
        **dict(zip("／＝－＠＃＂～！", '/=-@#"~!', strict=True)),
    }
)
_SPACE = re.compile(r"\s")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_COMMAND = re.compile(r"/ ?(?P<name>[A-Za-z]+|[^\s/]\S*)")


@dataclass(frozen=True, slots=True)
class Parsed:
    """name: in lower case, without the slash. text: the arguments, without mentions at their ends.

    mentions: the names after `@` anywhere in the arguments. too_long: the text was cut.
    """

    name: str
    text: str
    mentions: tuple[str, ...] = ()
    too_long: bool = False


def parse(line: str) -> Parsed | None:
    """The command in `line`, or None when it is talk. Never raises."""
    too_long = len(line) > MAX_TEXT
    text = _SPACE.sub(" ", _UNSEEN.sub("", line[:MAX_TEXT])).strip()
    text = _without_leading_mentions(text)
    if not text.startswith(("/", "／")):
        return None
    found = _COMMAND.match(text.translate(_NARROW))
    if found is None:
        return None
    arguments = text[found.end() :].strip()
    words = [_narrow_mention(word) for word in arguments.split()]
    mentions = tuple(word[1:] for word in words if word.startswith("@") and len(word) > 1)
    return Parsed(found["name"].lower(), _without_mentions(arguments), mentions, too_long)


def narrow(text: str) -> str:
    """Full-width letters, digits and the signs of commands as ASCII; as long as `text`."""
    return text.translate(_NARROW)


def _narrow_mention(word: str) -> str:
    return "@" + word[1:] if word[:1] in {"@", "＠"} else word


def _is_mention(word: str) -> bool:
    # `<@U123>` is how Slack writes it.
    return word.startswith(("@", "＠", "<@"))


def _without_leading_mentions(text: str) -> str:
    while _is_mention(text):
        _mention, _space, text = text.partition(" ")
        text = text.lstrip()
    return text


def _without_mentions(text: str) -> str:
    """Mentions at the ends address the bot or a person; within a comment they are its words."""
    text = _without_leading_mentions(text)
    while text:
        rest, _space, word = text.rpartition(" ")
        if not _is_mention(word):
            return text
        text = rest.rstrip()
    return text
