"""The frames of the stream protocol: JSON in WebSocket texts, whose `data` is JSON once more.

https://opensource.dingtalk.com/developerpedia/docs/learn/stream/protocol
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from core.errors import InvalidInput

BOT_TOPIC = "/v1.0/im/bot/messages/get"


class Frame(msgspec.Struct, frozen=True):
    """A frame of the platform. type: SYSTEM, EVENT or CALLBACK; data: JSON as text."""

    type: str
    topic: str
    message_id: str
    data: str


def read_frame(raw: str) -> Frame:
    """The frame in `raw`; what is missing is empty. Raises InvalidInput when it is no object."""
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidInput(f"a frame is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidInput("a frame is not a JSON object")
    headers, data = body.get("headers"), body.get("data")
    headers = headers if isinstance(headers, dict) else {}
    return Frame(
        type=_word(body.get("type")),
        topic=_word(headers.get("topic")),
        message_id=_word(headers.get("messageId")),
        data=data if isinstance(data, str) else orjson.dumps(data).decode(),
    )


def ack(frame: Frame, data: str) -> str:
    """The frame that tells the platform `frame` arrived. data: a JSON object as text."""
    headers = {"contentType": "application/json"}
    if frame.message_id:
        headers["messageId"] = frame.message_id
    answer = {"code": 200, "headers": headers, "message": "OK", "data": data}
    return orjson.dumps(answer).decode()


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
