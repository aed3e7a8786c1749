"""Which sources this version reads: the one place where a hook's adapter is registered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import tzinfo
from functools import partial

import msgspec

from bot.http.subscription import confirm
from core.config.settings import Hook, HookAuth, HookSource
from core.http import HttpClient
from core.intake import (
    alertmanager,
    aliyun,
    aws,
    cloudevents,
    generic,
    github,
    gitlab,
    grafana,
    native,
    sentry,
    tencent,
    uptime_kuma,
    zabbix,
)
from core.intake.request import FORM, HookRequest, Parse, of_body

ANY = "*"
LARGE = 128 * 1024  # bytes; reading more would hold the event loop for too long
SLOW = 4 * 1024  # the same where many small entries cost much each
Handshake = Callable[[HookRequest, HookAuth, HttpClient], Awaitable[bool]]
"""Answer what a platform asks before it sends: true when the request was no more than that.

It runs after the hook's credential was found right. InvalidInput and DeliveryError tell the
platform that it failed.
"""


class Adapter(msgspec.Struct, frozen=True):
    """How a source is read.

    types: media types that it takes beside JSON, in lower case; ANY for all.
    headers: what `parse` looks at beside content-type, in lower case (`ce-*`: all that begin so);
    they are kept with what is rejected, so that it can come again. Never a credential.
    inline: bytes of a body that are read in the event loop; more is read in a thread.
    """

    parse: Parse
    types: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    handshake: Handshake | None = None
    inline: int = LARGE

    def kept(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Those of a request's headers that belong to what is rejected."""
        names = ("content-type", *self.headers)
        exact = frozenset(names)
        begins = tuple(name[:-1] for name in names if name.endswith("*"))
        return {k: v for k, v in headers.items() if k in exact or (begins and k.startswith(begins))}


def _as_it_is(entry: bytes) -> bytes:
    return entry


def _of_alerts(entry: bytes) -> bytes:
    return b'{"alerts":[' + entry + b"]}"


NATIVE = Adapter(of_body(native.parse, _as_it_is))
_ADAPTERS: dict[HookSource, Adapter] = {
    "alertmanager": Adapter(of_body(alertmanager.parse, _of_alerts)),
    "grafana": Adapter(of_body(grafana.parse, _of_alerts)),
    "aliyun": Adapter(of_body(aliyun.parse, _as_it_is), (FORM,)),
    "tencent": Adapter(of_body(tencent.parse, _as_it_is)),
    "aws": Adapter(aws.read, ("text/plain",), (aws.RAW, "x-amz-sns-topic-arn"), confirm),
    "uptime-kuma": Adapter(uptime_kuma.read, (uptime_kuma.MULTIPART, FORM)),
    "sentry": Adapter(sentry.parse, headers=("sentry-hook-resource",)),
    "gitlab": Adapter(gitlab.parse, headers=("x-gitlab-event",)),
    "github": Adapter(github.parse, types=(FORM,), headers=("x-github-event",)),
    "cloudevents": Adapter(cloudevents.parse, types=(ANY,), headers=("ce-*",), inline=SLOW),
}


def adapter_of(hook: Hook, zone: tzinfo) -> Adapter:
    """How this hook's requests are read. zone: of times that come without one."""
    if hook.source == "generic":
        return Adapter(partial(generic.parse, mapping=hook.mapping), inline=SLOW)
    if hook.source == "zabbix":
        return Adapter(of_body(partial(zabbix.parse, zone=zone), _as_it_is))
    return _ADAPTERS[hook.source]
