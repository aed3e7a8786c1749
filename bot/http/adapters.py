"""Which sources this version reads: the one place where a hook's adapter is registered."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bot.http.accept import Parse
from core.config.settings import HookSource
from core.intake import alertmanager, native


class Adapter(msgspec.Struct, frozen=True):
    """How a source is read. alone: one entry of a batch as a body of its own, for a replay."""

    parse: Parse
    alone: Callable[[bytes], bytes]


NATIVE = Adapter(native.parse, lambda entry: entry)
ADAPTERS: dict[HookSource, Adapter] = {
    "alertmanager": Adapter(alertmanager.parse, lambda entry: b'{"alerts":[' + entry + b"]}"),
}
