"""An enterprise app's robot: messages to groups and people by OpenAPI, replies by session.

https://open.dingtalk.com/document/orgapp/the-robot-sends-a-group-message
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec
import stamina
import structlog

from bot.chat.channel import Outgoing
from bot.chat.dingtalk.answer import read_oapi
from bot.chat.dingtalk.body import JSON_HEADERS, markdown_body, markdown_param
from bot.chat.dingtalk.errors import Action, Refused
from bot.chat.dingtalk.message import RobotMessage
from bot.chat.dingtalk.openapi import OpenApi
from bot.chat.dingtalk.parts import Parts, Render, is_first, shortened
from core.clock import Clock, utc_now
from core.config.channels import DingTalkApp
from core.errors import DeliveryError
from core.http import HttpClient
from core.model.notification import Receipt
from core.text import say

log = structlog.get_logger(__name__)

MAX_PEOPLE = 20
"""Ids in one 1:1 call."""
_TIMEOUT = timedelta(seconds=5)
_SOON = 5.0
_ATTEMPTS = 3


class Reached(msgspec.Struct, frozen=True):
    """A 1:1 send: HTTP 200 does not mean that everybody got it.

    unknown: ids that are nobody's; slowed: ids that are flow-controlled and may get it later.
    """

    receipt: Receipt
    unknown: tuple[str, ...] = ()
    slowed: tuple[str, ...] = ()


class AppClient:
    """What one app's robot can say. `language` is the house's, for an app without its own."""

    def __init__(
        self,
        settings: DingTalkApp,
        http: HttpClient,
        clock: Clock = utc_now,
        *,
        language: str = "zh-CN",
    ) -> None:
        self.name = settings.name
        self.language: str = settings.language or language
        self._robot_code = settings.robot_code or settings.client_id
        self._oapi_base = settings.oapi_base
        self._http = http
        self._clock = clock
        self._api = OpenApi(settings, http, clock)

    async def send_group(
        self, conversation_id: str, title: str, text: str, *, notice: str = ""
    ) -> Receipt:
        """Say it in a group of the organisation that the robot is in.

        The platform takes no idempotency key here: sent again after an unknown outcome it may be
        shown twice. notice: what a text of over 15,000 bytes ends with. The receipt's text is
        the platform's processQueryKey. Raises DeliveryError.
        """
        answer = await self._api.call(
            "/v1.0/robot/groupMessages/send",
            {
                "robotCode": self._robot_code,
                "openConversationId": conversation_id,
                "msgKey": "sampleMarkdown",
                "msgParam": markdown_param(title, text, notice=notice or self._shortened()),
            },
        )
        return self._receipt(answer.get("processQueryKey"))

    async def send_person(self, user_ids: Sequence[str], title: str, text: str) -> Reached:
        """Say it to each of `user_ids` in their chat with the robot.

        Raises DeliveryError when nobody at all was reached; retryable while some are only slowed.
        """
        param = markdown_param(title, text, notice=self._shortened())
        receipt = self._receipt("")
        unknown: list[str] = []
        slowed: list[str] = []
        for start in range(0, len(user_ids), MAX_PEOPLE):
            answer = await self._api.call(
                "/v1.0/robot/oToMessages/batchSend",
                {
                    "robotCode": self._robot_code,
                    "userIds": list(user_ids[start : start + MAX_PEOPLE]),
                    "msgKey": "sampleMarkdown",
                    "msgParam": param,
                },
            )
            receipt = self._receipt(answer.get("processQueryKey"))
            unknown += answer.get("invalidStaffIdList") or []
            slowed += answer.get("flowControlledStaffIdList") or []
        if len(unknown) + len(slowed) >= len(user_ids):
            raise Refused(
                "flowControlledStaffIdList" if slowed else "invalidStaffIdList",
                f"nobody was reached: {len(unknown)} unknown, {len(slowed)} flow-controlled",
                Action.WAIT if slowed else Action.CONFIGURE,
                60.0 if slowed else None,
            )
        return Reached(receipt, tuple(unknown), tuple(slowed))

    async def reply(self, message: RobotMessage, text: str, title: str = "") -> Receipt:
        """Answer `message`: by its sessionWebhook, and when that is dead by OpenAPI.

        title: what a notification shows, by default the beginning of `text`. At least once: a
        reply whose outcome is unknown is sent again. Raises DeliveryError when every way failed.
        """
        title = title or _beginning(text)
        try:
            return await self._by_session(message, title, text)
        except Refused as refused:
            if refused.action is Action.RERENDER:
                title = text = say("dingtalk.reply_refused", self.language)
            log.info("dingtalk_session_refused", channel=self.name, code=refused.code)
        except DeliveryError as error:
            log.info("dingtalk_session_failed", channel=self.name, error=str(error))
        if message.is_group:
            return await self.send_group(message.conversation_id, title, text)
        return (await self.send_person([message.sender_staff_id], title, text)).receipt

    async def _by_session(self, message: RobotMessage, title: str, text: str) -> Receipt:
        if not self._is_ours(message.session_webhook):
            raise DeliveryError("the sessionWebhook is not on oapi_base", code="session")
        ends = message.session_expires_at
        if ends is not None and ends <= self._clock():
            raise DeliveryError("the sessionWebhook has expired", code="session")
        body = markdown_body(title, text, notice=self._shortened())
        async for attempt in stamina.retry_context(
            on=_soon_again, attempts=_ATTEMPTS, wait_initial=0.2, wait_max=1.0, wait_jitter=0.2
        ):
            with attempt:
                answer = await self._http.post(
                    message.session_webhook, data=body, headers=JSON_HEADERS, timeout=_TIMEOUT
                )
                return Receipt("0", read_oapi(answer), self._clock())
        raise AssertionError("unreachable: the last attempt raises")

    def _is_ours(self, address: str) -> bool:
        """The address comes from a payload: only the operator's own host may be called."""
        try:
            given, ours = urlsplit(address), urlsplit(self._oapi_base)
        except ValueError:
            return False
        return (given.scheme, given.netloc) == (ours.scheme, ours.netloc)

    def _receipt(self, text: object) -> Receipt:
        return Receipt("200", text if isinstance(text, str) else "", self._clock())

    def _shortened(self) -> str:
        return say("dingtalk.shortened", self.language)


class AppChannel:
    """A channel of type dingtalk_app: notifications to the app's one configured group."""

    def __init__(self, settings: DingTalkApp, app: AppClient, render: Render) -> None:
        self.name = settings.name
        self._conversation_id = settings.conversation_id
        self._app = app
        self._parts = Parts(settings.name, render, app.language)

    def messages(self, outgoing: Outgoing) -> int:
        """Each part is a message of its own to the platform's limits."""
        return self._parts.count(outgoing)

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Say every part in the group. Raises DeliveryError."""
        notice = shortened(outgoing, self._app.language)

        async def take(title: str, text: str, key: str) -> Receipt:
            receipt = await self._app.send_group(self._conversation_id, title, text, notice=notice)
            if is_first(key, outgoing.notification.key):
                await self._call(outgoing, title, text)
            return receipt

        return await self._parts.send(outgoing, take)

    async def _call(self, outgoing: Outgoing, title: str, text: str) -> None:
        """Say it to those it calls as well: the platform takes no @ in a group message.

        The group has been told: that someone cannot be reached must not tell it again.
        """
        people = [c.dingtalk_user_id for c in outgoing.called if c.dingtalk_user_id]
        if not people:
            return
        try:
            reached = await self._app.send_person(people, title, text)
        except DeliveryError as error:
            log.warning("dingtalk_not_called", channel=self.name, error=str(error))
            return
        if reached.unknown or reached.slowed:
            log.warning("dingtalk_not_all_called", channel=self.name, unknown=len(reached.unknown))


def _beginning(text: str) -> str:
    """The first line of markdown `text` without what marks it."""
    return text.strip().partition("\n")[0].strip("#>*-` ") or "tocsin"


def _soon_again(error: Exception) -> bool:
    """Whether a reply is worth another attempt while the person waits."""
    if not isinstance(error, DeliveryError):
        return False
    return error.retryable and (error.retry_after or 0.0) <= _SOON
