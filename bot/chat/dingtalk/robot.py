"""The custom group robot (自定义机器人): one webhook, one group, out only.

https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from yarl import URL

from bot.chat.channel import Outgoing
from bot.chat.dingtalk.answer import read_oapi
from bot.chat.dingtalk.body import JSON_HEADERS, MAX_AT, NOBODY, At, markdown_body
from bot.chat.dingtalk.errors import Action, Refused
from bot.chat.dingtalk.parts import Parts, Render, is_first, shortened
from bot.chat.dingtalk.sign import sign, timestamp_ms
from core.clock import Clock, seconds, utc_now
from core.config.channels import DingTalkRobot
from core.http import HttpClient
from core.model.notification import Receipt
from core.oncall.roster import Called

_TIMEOUT = timedelta(seconds=10)


class RobotChannel:
    """Sends notifications to the group of one custom robot.

    Delivered is what the platform answers `errcode` 0 to. A message carries the notification's
    key as msgUuid, so that one sent again after a timeout is shown once. `language` is that of
    the house, for a channel that has none of its own.
    """

    def __init__(
        self,
        settings: DingTalkRobot,
        http: HttpClient,
        render: Render,
        clock: Clock = utc_now,
        *,
        language: str = "zh-CN",
    ) -> None:
        self.name = settings.name
        # A copied address may carry an old signature; each attempt gets its own.
        self._address = str(URL(settings.webhook).without_query_params("timestamp", "sign"))
        self._secret = settings.secret.strip()
        self._keywords = tuple(settings.keywords)
        self._http = http
        self._clock = clock
        self._language = settings.language or language
        self._parts = Parts(settings.name, render, self._language)
        self._throttle: Refused | None = None
        self._throttled_until = clock()

    def messages(self, outgoing: Outgoing) -> int:
        """Each part is a message of its own to the platform's limits."""
        return self._parts.count(outgoing)

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Post every part. Raises DeliveryError; Refused when the platform said why."""
        notice = shortened(outgoing, self._language)
        at = calling(outgoing.called)

        async def take(title: str, text: str, key: str) -> Receipt:
            self._check_throttle()
            body = markdown_body(
                title,
                text,
                msg_uuid=key,
                keywords=self._keywords,
                notice=notice,
                at=at if is_first(key, outgoing.notification.key) else NOBODY,
            )
            return await self._post(body)

        return await self._parts.send(outgoing, take)

    async def _post(self, body: bytes) -> Receipt:
        answer = await self._http.post(
            self._address,
            data=body,
            headers=JSON_HEADERS,
            params=self._signature(),
            timeout=_TIMEOUT,
        )
        try:
            return Receipt("0", read_oapi(answer), self._clock())
        except Refused as refused:
            if refused.action is Action.WAIT and refused.retry_after is not None:
                self._throttle = refused
                self._throttled_until = self._clock() + seconds(refused.retry_after)
            raise

    def _signature(self) -> dict[str, str]:
        """Fresh for each attempt: it is good for an hour only."""
        if not self._secret:
            return {}
        timestamp = timestamp_ms(self._clock())
        return {"timestamp": timestamp, "sign": sign(self._secret, timestamp)}

    def _check_throttle(self) -> None:
        """While the robot is throttled every call would be refused: say so without one."""
        left = (self._throttled_until - self._clock()).total_seconds()
        if self._throttle is not None and left > 0:
            throttle = self._throttle
            raise Refused(throttle.code, throttle.text, Action.WAIT, left)


def calling(called: Sequence[Called]) -> At:
    """Who is called, each once: by mobile number, which works in every group, else by staff id."""
    reached = [c for c in called if c.mobile or c.dingtalk_user_id][:MAX_AT]
    return At(
        tuple(c.mobile for c in reached if c.mobile),
        tuple(c.dingtalk_user_id for c in reached if not c.mobile),
    )
