"""What a stage may see: the moment, the state as it was before this alert, and the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from core.decide.inhibitors import Inhibitors
from core.decide.route import Route
from core.model.alert import Alert
from core.model.silence import Silence


class View(msgspec.Struct):
    """Read-only to stages. `fresh` is whether this alert began firing or got worse just now."""

    now: datetime
    silences: list[Silence]
    inhibitors: Inhibitors
    route: Route
    held: Callable[[Alert], str]
    fresh: bool = True

    def active_silences(self) -> Iterable[Silence]:
        """Those that silence at `now`, oldest first, so that the reason shown is stable."""
        return (s for s in self.silences if s.active(self.now))
