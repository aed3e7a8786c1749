"""Alerts and silences in Alertmanager's shapes."""

from __future__ import annotations

from typing import Literal

import msgspec


class Named(msgspec.Struct, frozen=True):
    """A receiver."""

    name: str


class AlertStatus(msgspec.Struct, frozen=True, rename="camel"):
    """silenced_by: ids of silences; inhibited_by: fingerprints of alerts."""

    state: Literal["unprocessed", "active", "suppressed"]
    silenced_by: list[str]
    inhibited_by: list[str]


class GettableAlert(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An alert as Alertmanager shows it. Times are RFC 3339 with milliseconds."""

    labels: dict[str, str]
    annotations: dict[str, str]
    fingerprint: str
    starts_at: str
    ends_at: str
    updated_at: str
    receivers: list[Named]
    status: AlertStatus
    generator_url: str = msgspec.field(default="", name="generatorURL")


class AlertGroup(msgspec.Struct, frozen=True):
    """A group of one receiver, with its alerts."""

    labels: dict[str, str]
    receiver: Named
    alerts: list[GettableAlert]


class PostableAlert(msgspec.Struct, frozen=True, rename="camel"):
    """An alert as Prometheus and amtool send it; core.intake.alertmanager_api reads it."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: str = ""
    ends_at: str = ""
    generator_url: str = msgspec.field(default="", name="generatorURL")


class SilenceMatcher(msgspec.Struct, frozen=True, rename="camel"):
    """One condition of a silence. Patterns fit whole values."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool = True


class SilenceState(msgspec.Struct, frozen=True):
    """Whether a silence is still to come, silences now, or is over."""

    state: Literal["pending", "active", "expired"]


class GettableSilence(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as Alertmanager shows it."""

    id: str
    status: SilenceState
    updated_at: str
    comment: str
    created_by: str
    starts_at: str
    ends_at: str
    matchers: list[SilenceMatcher]


class PostableSilence(msgspec.Struct, frozen=True, rename="camel"):
    """A silence to be made, or with the id of one that is there, to be changed."""

    matchers: list[SilenceMatcher]
    starts_at: str
    ends_at: str
    created_by: str
    comment: str
    id: str | None = None


class SilenceMade(msgspec.Struct, frozen=True):
    """The id of the silence that holds now."""

    silenceID: str  # noqa: N815 - Alertmanager's name
