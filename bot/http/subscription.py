"""AWS SNS asks before it sends: a subscription is confirmed by visiting the address it names."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.http.signature.aws import envelope, on_sns
from core.config.settings import HookAuth
from core.errors import DeliveryError, InvalidInput, Problem
from core.http import HttpClient
from core.intake.request import HookRequest
from core.redact import redact

log = structlog.get_logger(__name__)
TIMEOUT = timedelta(seconds=10)  # SNS itself waits for 15


async def confirm(request: HookRequest, auth: HookAuth, http: HttpClient) -> bool:
    """True when the request was about the subscription itself; a new one is confirmed then.

    InvalidInput when SubscribeURL is not on a host of SNS: nothing else is ever visited.
    DeliveryError when SNS did not confirm; SNS asks again.
    """
    fields = envelope(request)
    kind, topic = fields.get("Type"), redact(fields.get("TopicArn", ""))[:300]
    if kind == "UnsubscribeConfirmation":
        # Visiting its SubscribeURL would subscribe again, against the will of who ended it.
        log.warning("sns_unsubscribed", topic=topic)
        return True
    if kind != "SubscriptionConfirmation":
        return False
    address = on_sns(fields.get("SubscribeURL", ""))
    if address is None:
        message = "must be an address on https://sns.<region>.amazonaws.com"
        raise InvalidInput("the subscription is not confirmed", [Problem("SubscribeURL", message)])
    answer = await http.request("GET", address.geturl(), timeout=TIMEOUT, guarded=True)
    if answer.status != 200:
        raise DeliveryError("SNS did not confirm the subscription", code=str(answer.status))
    log.info("sns_subscribed", topic=topic)
    return True
