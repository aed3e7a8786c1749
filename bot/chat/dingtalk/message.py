"""A message to the robot: the same body in stream and HTTP mode, read leniently.

https://open.dingtalk.com/document/orgapp/receive-message
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from bot.chat.channel import Heard
from core.errors import InvalidInput

log = structlog.get_logger(__name__)

_ONE_TO_ONE = "1"


class RobotMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a person told the robot.

    sender_staff_id: the only identity that rights are given by; empty for people outside the
    organisation and for robots that are not published. sender_nick: the person's own choice.
    text: without the robot's name; empty when it was a picture or a file. session_webhook:
    where a reply may be posted until session_expires_at; an address from outside.
    """

    msg_id: str
    conversation_id: str
    is_group: bool
    sender_staff_id: str
    sender_nick: str
    text: str
    session_webhook: str
    session_expires_at: datetime | None
    created_at: datetime
    robot_code: str
    corp_id: str

    def heard(self, channel: str) -> Heard:
        """The message as every platform's messages are handed on."""
        return Heard(
            channel=channel,
            message_id=self.msg_id,
            conversation=self.conversation_id,
            sender_id=self.sender_staff_id,
            sender_name=self.sender_nick,
            text=self.text,
            at=self.created_at,
        )


def parse_message(body: bytes | str, now: datetime, frame_id: str = "") -> RobotMessage | None:
    """The message in `body`, or None when it is none, as the probe when an address is saved.

    frame_id: stands in for a missing msgId. Raises InvalidInput when it is no JSON object.
    """
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the message is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise InvalidInput("the message is not a JSON object")
    msg_id, conversation_id = _word(raw, "msgId") or frame_id, _word(raw, "conversationId")
    if not msg_id or not conversation_id:
        return None
    if raw.get("errorCode"):  # the month's quota is used up: there is no text either
        said = str(raw.get("errorMessage", ""))[:200]
        log.warning("dingtalk_inbound_error", code=str(raw["errorCode"]), said=said)
    return RobotMessage(
        msg_id=msg_id,
        conversation_id=conversation_id,
        is_group=str(raw.get("conversationType", "")) != _ONE_TO_ONE,
        sender_staff_id=_word(raw, "senderStaffId"),
        sender_nick=_word(raw, "senderNick"),
        text=_text_of(raw).strip(),
        session_webhook=_word(raw, "sessionWebhook"),
        session_expires_at=_moment(raw.get("sessionWebhookExpiredTime")),
        created_at=_moment(raw.get("createAt")) or now,
        robot_code=_word(raw, "robotCode"),
        corp_id=_word(raw, "chatbotCorpId"),
    )


def _word(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    """Unix milliseconds, a number or a text, as a time; None when it is none."""
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _text_of(raw: dict[str, Any]) -> str:
    """What was written: plain text, the text parts of rich text, or what a voice was heard as."""
    text, content = raw.get("text"), raw.get("content")
    if isinstance(text, dict):
        return _word(text, "content")
    if not isinstance(content, dict):
        return ""
    rich = content.get("richText")
    if isinstance(rich, list):
        return "".join(_word(part, "text") for part in rich if isinstance(part, dict))
    return _word(content, "recognition")
