"""What a stage may see: the moment, the state as it was before this alert, and the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

import msgspec

from core.decide.beat import Beat
from core.decide.history import Damping, Flapping, History
from core.decide.inhibitors import Inhibitors
from core.decide.planned import Maintenance
from core.decide.regrade import Regrade
from core.decide.route import Route
from core.model.alert import Alert
from core.model.silence import Silence, SilenceKind


class View(msgspec.Struct):
    """Read-only to stages.

    fresh: whether this alert began firing or got worse just now. node: the route whose group is
    about to be told, when one is. clear: how an alert clears, when it does.
    """

    now: datetime
    silences: list[Silence]
    inhibitors: Inhibitors
    route: Route
    held: Callable[[Alert], str]
    flapping: Flapping
    damping: Callable[[dict[str, str]], Damping]
    history: Callable[[str], History | None]
    regrades: tuple[Regrade, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    beats: tuple[Beat, ...] = ()
    fresh: bool = True
    node: Route | None = None
    clear: Literal["", "resolved", "timeout", "calm"] = ""

    def active_silences(self, kind: SilenceKind = "silence") -> Iterable[Silence]:
        """Those of a kind that hold at `now`, oldest first, so that the reason shown is stable."""
        return (s for s in self.silences if s.kind == kind and s.active(self.now))
