"""HTTP mode: the platform posts what people say to our address, and signs only the time.

https://open.dingtalk.com/document/orgapp/receive-message

The signature does not cover the body, so one that was overheard could carry any body for an hour.
Each (timestamp, sign) is therefore good for one body only.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from bot.chat.dingtalk.message import RobotMessage, parse_message
from bot.chat.dingtalk.sign import sign, timestamp_ms
from core.clock import Clock, utc_now
from core.config.channels import DingTalkApp
from core.errors import TocsinError

WINDOW = timedelta(hours=1)
MAX_SEEN = 20_000


class CallbackRefused(TocsinError):
    """It does not come from the platform, or not for this app: answer 401, do nothing."""


def verify(headers: Mapping[str, str], secret: str, now: datetime) -> None:
    """Check the headers `timestamp` and `sign`. Raises CallbackRefused.

    An empty secret verifies nothing.
    """
    timestamp, given = headers.get("timestamp", ""), headers.get("sign", "")
    if not secret or not timestamp or not given:
        raise CallbackRefused("the callback is not signed")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
        raise CallbackRefused("the callback's timestamp is not a number of milliseconds")
    if abs(int(timestamp_ms(now)) - int(timestamp)) > WINDOW / timedelta(milliseconds=1):
        raise CallbackRefused("the callback's timestamp is over an hour away")
    if not hmac.compare_digest(sign(secret, timestamp).encode(), given.encode("utf-8", "replace")):
        raise CallbackRefused("the callback's signature is wrong")


class _Seen(msgspec.Struct, frozen=True):
    msg_id: str
    digest: bytes


class RobotCallback:
    """Lets in what the platform posts for one app, each signature for one body only."""

    def __init__(self, settings: DingTalkApp, clock: Clock = utc_now) -> None:
        self._secret = settings.client_secret
        self._robot_code = settings.robot_code or settings.client_id
        self._clock = clock
        self._corp_id = ""
        self._seen: dict[int, _Seen] = {}
        self._forgotten = 0

    def accept(self, headers: Mapping[str, str], body: bytes) -> RobotMessage | None:
        """The message in `body`, or None when it is none (a probe): both are answered 200.

        headers: looked up as `timestamp` and `sign`, in a mapping that ignores case or in lower
        case. The same request twice gives the same message twice; the caller knows it by msg_id.
        Raises CallbackRefused (401), InvalidInput when the body is no JSON object.
        """
        now = self._clock()
        verify(headers, self._secret, now)
        message = parse_message(body, now)
        if message is not None:
            self._check_addressee(message)
        self._check_replay(int(headers["timestamp"]), body, message, now)
        if message is not None:
            self._corp_id = message.corp_id
        return message

    def _check_addressee(self, message: RobotMessage) -> None:
        """The robot is ours, and the organisation the one we heard of first."""
        if message.robot_code != self._robot_code:
            raise CallbackRefused("the callback is for another robot")
        if self._corp_id and message.corp_id != self._corp_id:
            raise CallbackRefused("the callback is from another organisation")

    def _check_replay(
        self, timestamp: int, body: bytes, message: RobotMessage | None, now: datetime
    ) -> None:
        """One timestamp has one signature, so it stands for the pair.

        Beyond MAX_SEEN the oldest are forgotten, and nothing that old is let in any more.
        """
        stale = int(timestamp_ms(now - WINDOW))
        for old in [each for each in self._seen if each < stale]:
            del self._seen[old]
        seen = _Seen(message.msg_id if message else "", hashlib.sha256(body).digest())
        if timestamp <= self._forgotten:
            raise CallbackRefused("the callback is older than what is remembered")
        if self._seen.setdefault(timestamp, seen) != seen:
            raise CallbackRefused("the callback's signature was used for another message")
        if len(self._seen) > MAX_SEEN:
            self._forgotten = min(self._seen)
            del self._seen[self._forgotten]
