"""Which events are the same alert, when the settings say so."""

from __future__ import annotations

import fnmatch

import msgspec

from core.decide.fingerprint import fingerprint
from core.decide.signal import Signal
from core.model.matcher import Matcher


class Identity(msgspec.Struct, frozen=True):
    """Alerts of these sources (a glob) that fit all matchers are told apart by `fields` only, or
    by all labels but those in `without`. number: where it stands in the settings."""

    number: int
    source: str
    matchers: tuple[Matcher, ...]
    fields: tuple[str, ...]
    without: frozenset[str]

    def takes(self, signal: Signal) -> bool:
        """Whether it says who this signal is."""
        return fnmatch.fnmatchcase(signal.source, self.source) and all(
            m.matches(signal.labels) for m in self.matchers
        )

    def of(self, signal: Signal) -> Signal:
        """The signal with the fingerprint of these labels; one that is missing counts as empty."""
        labels = signal.labels
        names = self.fields or tuple(
            n for n in sorted(labels) if n not in self.without and not n.startswith("severity")
        )
        values = (f"{name}\x01{labels.get(name, '')}" for name in names)
        return msgspec.structs.replace(
            signal,
            fingerprint=fingerprint("identity", *values),
            identified_by=f"{', '.join(names)} (fingerprint[{self.number}])",
        )


def identified(signal: Signal, identities: tuple[Identity, ...]) -> Signal:
    """The signal under the fingerprint that the settings want; a sender's dedup_key stands."""
    if signal.keyed or signal.clears_rule:
        return signal
    for identity in identities:
        if identity.takes(signal):
            return identity.of(signal)
    return signal
