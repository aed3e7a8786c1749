"""What a read asks for: `filter`, `active`, `silenced`, `inhibited`, `unprocessed`, `receiver`."""

from __future__ import annotations

from typing import Any

import msgspec
import re2
from aiohttp import web

from core.errors import InvalidInput
from core.model.matcher import Matcher, parse_matcher

# go-openapi's truth: these words, in any case; every other text is false.
_TRUE = frozenset({"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"})
MAX_FILTERS = 50


class Query(msgspec.Struct, frozen=True):
    """receiver: a pattern for the whole of a receiver's name; None takes every alert."""

    matchers: tuple[Matcher, ...]
    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    receiver: Any = None

    def labels_fit(self, labels: dict[str, str]) -> bool:
        """Whether every filter holds."""
        return all(m.matches(labels) for m in self.matchers)

    def receivers_fit(self, names: list[str]) -> bool:
        """Whether one of them is asked for."""
        return self.receiver is None or any(self.receiver.match(name) for name in names)

    def state_fits(self, *, silenced: bool, inhibited: bool) -> bool:
        """Whether alerts that stand so are asked for."""
        if silenced or inhibited:
            return (self.silenced or not silenced) and (self.inhibited or not inhibited)
        return self.active


def read_query(request: web.Request) -> Query:
    """The request's filters. InvalidInput when one cannot be read.

    `unprocessed` is taken and, as in Alertmanager, changes nothing: every alert is processed.
    """
    return Query(
        read_filters(request),
        _truth(request, "active"),
        _truth(request, "silenced"),
        _truth(request, "inhibited"),
        _receiver(request),
    )


def read_filters(request: web.Request) -> tuple[Matcher, ...]:
    """Every `filter`, one matcher each."""
    texts = request.query.getall("filter", [])
    if len(texts) > MAX_FILTERS:
        raise InvalidInput(f"there are {len(texts)} filters, {MAX_FILTERS} are allowed")
    try:
        return tuple(parse_matcher(text) for text in texts)
    except InvalidInput as error:
        raise InvalidInput(f"bad matcher format: {error}") from error


def _truth(request: web.Request, name: str) -> bool:
    text = request.query.get(name, "")
    return not text or text.lower() in _TRUE


def _receiver(request: web.Request) -> Any:
    text = request.query.get("receiver", "")
    if not text:
        return None
    try:
        return re2.compile(f"^(?:{text})$")
    except re2.error as error:
        raise InvalidInput(f"failed to parse receiver param: {error}") from error
