"""What the platform says about a message, read leniently."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.dingtalk import parse_message
from core.errors import InvalidInput

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BODY: dict[str, Any] = {
    "conversationId": "cidEXAMPLE==",
    "conversationType": "2",
    "conversationTitle": "ops-alerts",
    "chatbotCorpId": "ding0example",
    "chatbotUserId": "$:LWCP_v1:$Cxxxxx",
    "robotCode": "dingoxxxxdm3k",
    "msgId": "msgEXAMPLE==",
    "createAt": 1708327204136,
    "senderId": "$:LWCP_v1:$EXAMPLE",
    "senderStaffId": "user123",
    "senderNick": "小钉",
    "isInAtList": True,
    "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=example",
    "sessionWebhookExpiredTime": 1708332604316,
    "msgtype": "text",
    "text": {"content": "\u3000／ack INC-42\u00a0"},
}


def parse(**changes: Any) -> Any:
    body = {key: value for key, value in (BODY | changes).items() if value is not None}
    return parse_message(json.dumps(body), NOW)


def test_a_message_of_the_documentation() -> None:
    message = parse()
    assert message.msg_id == "msgEXAMPLE=="
    assert message.conversation_id == "cidEXAMPLE=="
    assert message.is_group
    assert message.sender_staff_id == "user123"
    assert message.text == "／ack INC-42"
    assert message.created_at == datetime(2024, 2, 19, 7, 20, 4, 136000, UTC)
    lives = message.session_expires_at - message.created_at
    assert lives.total_seconds() == pytest.approx(5400, abs=1)
    assert (message.robot_code, message.corp_id) == ("dingoxxxxdm3k", "ding0example")
    heard = message.heard("ops-app")
    assert (heard.channel, heard.sender_id, heard.text) == ("ops-app", "user123", "／ack INC-42")


def test_what_is_not_told_is_empty() -> None:
    stranger = parse(senderStaffId=None, createAt="1708327204136", conversationType="1")
    assert stranger.sender_staff_id == ""
    assert stranger.created_at.year == 2024
    assert not stranger.is_group
    assert parse(createAt=None).created_at == NOW
    assert parse(createAt="9" * 30).created_at == NOW
    assert parse(sessionWebhookExpiredTime=None).session_expires_at is None


def test_rich_text_and_voice_are_text_too() -> None:
    rich = {"richText": [{"text": " /ack "}, {"type": "picture"}, {"text": "INC-1"}, 7]}
    assert parse(text=None, msgtype="richText", content=rich).text == "/ack INC-1"
    assert parse(text=None, content={"recognition": "看看事件"}).text == "看看事件"
    assert parse(text=None, content={"downloadCode": "x"}).text == ""


def test_a_used_up_quota_has_no_text() -> None:
    message = parse(text=None, msgtype=None, errorCode=20001, errorMessage="额度用完")
    assert message.text == ""


def test_what_has_no_conversation_is_no_message() -> None:
    assert parse_message(b"{}", NOW) is None
    assert parse(conversationId=None) is None
    assert parse(msgId=None) is None
    body = json.dumps(BODY | {"msgId": None})
    named_by_frame = parse_message(body, NOW, "frame-1")
    assert named_by_frame is not None
    assert named_by_frame.msg_id == "frame-1"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{oops", b"\xff\xfe"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_message(body, NOW)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*BODY, "content", "errorCode"]), JSON))
def test_nothing_that_is_json_breaks_it(changes: dict[str, Any]) -> None:
    parse_message(json.dumps(BODY | changes), NOW)
