"""A hook's request, as far as an adapter or a signature may look at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from core.errors import InvalidInput
from core.intake.parsed import Parsed

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 1000


class HookRequest(msgspec.Struct, frozen=True):
    """body: the bytes as they came. headers: by lower-case name, the last of several.

    entry: the body is one entry of a batch that was rejected, and comes again.
    """

    body: bytes
    headers: Mapping[str, str] = {}
    entry: bool = False

    @property
    def content_type(self) -> str:
        """The media type in lower case, without its parameters; empty when none was told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def form(self) -> dict[str, str]:
        """The fields of a body in application/x-www-form-urlencoded, the first of several.

        InvalidInput when there are too many. What is not UTF-8 is replaced.
        """
        try:
            pairs = parse_qsl(
                self.body.decode("utf-8", "replace"),
                keep_blank_values=True,
                max_num_fields=MAX_FIELDS,
            )
        except ValueError:
            raise InvalidInput(f"the form has more than {MAX_FIELDS} fields") from None
        return dict(reversed(pairs))


Parse = Callable[[HookRequest, str, datetime], Parsed]
"""(request, source, now) → events and rejected entries; InvalidInput when nothing can be read."""


def of_body(
    parse: Callable[[bytes, str, datetime], Parsed], alone: Callable[[bytes], bytes]
) -> Parse:
    """A Parse from one that reads the body alone.

    alone: makes a whole body of one entry of a batch, so that an entry can come again.
    """

    def read(request: HookRequest, source: str, now: datetime) -> Parsed:
        return parse(alone(request.body) if request.entry else request.body, source, now)

    return read
