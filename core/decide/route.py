"""The route tree: which receiver gets an alert, and how alerts are grouped on the way.

Source: Alertmanager's routing: depth first, the first matching child wins unless it says
`continue`; what a node leaves out it inherits; a node whose children do not match takes the
alert itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec

from core.config.settings import Receiver, RouteSettings, Settings
from core.model.event import Severity
from core.model.matcher import Matcher
from core.model.time_interval import TimeInterval


class Throttle(msgspec.Struct, frozen=True):
    """At most `most` notifications within `per`; whether critical alerts wait as well."""

    most: int
    per: timedelta
    holds_critical: bool


class Route(msgspec.Struct, frozen=True):
    """A node with everything inherited. path: `0`, `0.1`, … names it stably.

    severity: what its alerts count as, whatever they say; None leaves it to them.
    escalation: the name of its incidents' policy, or empty.
    mute, active: when it may not, or only may, tell; not inherited, as in Alertmanager.
    """

    path: str
    matchers: tuple[Matcher, ...]
    receiver: str
    channels: tuple[str, ...]
    group_by: tuple[str, ...]
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    severity: Severity | None
    send_resolved: bool
    throttle: Throttle | None
    mute: tuple[TimeInterval, ...]
    active: tuple[TimeInterval, ...]
    escalation: str
    proceed: bool
    children: tuple[Route, ...]

    def matching(self, labels: dict[str, str]) -> list[Route]:
        """The nodes that take an alert with these labels, in order; empty when none does."""
        if not all(m.matches(labels) for m in self.matchers):
            return []
        found: list[Route] = []
        for child in self.children:
            hits = child.matching(labels)
            found += hits
            if hits and not child.proceed:
                break
        return found or [self]

    def walk(self) -> Iterator[Route]:
        """This node and all below."""
        yield self
        for child in self.children:
            yield from child.walk()

    def group_labels(self, labels: dict[str, str]) -> dict[str, str]:
        """The labels that tell this alert's group from the others; `...` groups by all."""
        if "..." in self.group_by:
            return dict(labels)
        return {name: labels[name] for name in self.group_by if name in labels}


def route_tree(settings: Settings, intervals: Mapping[str, TimeInterval]) -> Route:
    """The tree of `settings.route`. Without a receiver the top route tells the first channel."""
    receivers = {r.name: r for r in settings.receivers}
    webs = tuple(c.name for c in settings.channels if c.type == "web")[:1]

    def build(node: RouteSettings, path: str, parent: Route | None) -> Route:
        receiver = node.receiver or (parent.receiver if parent else "")
        known = receivers.get(receiver)
        route = Route(
            path=path,
            matchers=tuple(node.matchers),
            receiver=receiver,
            channels=tuple(known.channels) if known else webs,
            group_by=tuple(node.group_by) if node.group_by is not None
            else (parent.group_by if parent else ("alertname",)),
            group_wait=_inherit(node.group_wait, parent, "group_wait", 30),
            group_interval=_inherit(node.group_interval, parent, "group_interval", 300),
            repeat_interval=_inherit(node.repeat_interval, parent, "repeat_interval", 4 * 3600),
            severity=node.severity or (parent.severity if parent else None),
            send_resolved=known.send_resolved if known else True,
            throttle=_throttle(known),
            mute=tuple(intervals[name] for name in node.mute_time_intervals),
            active=tuple(intervals[name] for name in node.active_time_intervals),
            escalation=node.escalation if node.escalation is not None
            else (parent.escalation if parent else ""),
            proceed=node.continue_,
            children=(),
        )  # fmt: skip
        children = tuple(build(c, f"{path}.{i}", route) for i, c in enumerate(node.routes))
        return msgspec.structs.replace(route, children=children)

    return build(settings.route, "0", None)


def _throttle(receiver: Receiver | None) -> Throttle | None:
    said = receiver.throttle if receiver else None
    return Throttle(said.max, said.per, said.critical == "hold") if said else None


def _inherit(own: timedelta | None, parent: Route | None, key: str, default: float) -> timedelta:
    if own is not None:
        return own
    inherited: timedelta = getattr(parent, key) if parent else timedelta(seconds=default)
    return inherited
