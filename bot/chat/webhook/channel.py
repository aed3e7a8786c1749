"""Sending one event: signed, the bytes as they were signed, success is 2xx and nothing else."""

from __future__ import annotations

from datetime import timedelta

from standardwebhooks import Webhook as Signer

from bot.chat.channel import Outgoing
from core.clock import Clock, utc_now
from core.config.channels import Webhook
from core.errors import DeliveryError
from core.http import HttpClient
from core.model.notification import Receipt

TIMEOUT = timedelta(seconds=20)
GONE = 410
_SHOWN = 200  # characters of an answer that a receipt keeps


class WebhookChannel:
    """One receiver. `webhook-id` is the notification's key, the same on every attempt."""

    def __init__(self, settings: Webhook, http: HttpClient, clock: Clock = utc_now) -> None:
        self.name = settings.name
        self._url = settings.url
        self._signer = Signer(settings.secret)
        self._http = http
        self._clock = clock

    def messages(self, outgoing: Outgoing) -> int:
        """One request an event."""
        return 1

    async def send(self, outgoing: Outgoing) -> Receipt:
        """POST the event. 410 means that the receiver wants no more; all else may be retried."""
        now, key = self._clock(), outgoing.notification.key
        body = outgoing.notification.payload
        headers = {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(key, now, body),
        }
        answer = await self._http.post(
            self._url, data=body.encode(), headers=headers, timeout=TIMEOUT
        )
        text = answer.body[: _SHOWN * 4].decode("utf-8", "replace")[:_SHOWN]
        if 200 <= answer.status < 300:
            return Receipt(str(answer.status), text, self._clock())
        raise DeliveryError(
            text or "no text",
            code=str(answer.status),
            retryable=answer.status != GONE,
            retry_after=_seconds(answer.headers.get("Retry-After", "")),
        )


def _seconds(header: str) -> float | None:
    """Retry-After in seconds; the date form is rare and falls back to the usual delays."""
    return float(header) if header.isascii() and header.isdigit() and len(header) < 7 else None
