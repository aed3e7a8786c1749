"""Reading what the two hosts answer. What is not the platform's own answer is never a success."""

from __future__ import annotations

from typing import Any

import msgspec

from bot.chat.dingtalk.errors import (
    BAN_SECONDS,
    Action,
    Refused,
    refused_by_oapi,
    refused_by_openapi,
)
from core.errors import DeliveryError
from core.http import Answer


def read_oapi(answer: Answer) -> str:
    """The `errmsg` of a success, `ok` as a rule.

    Raises Refused for an errcode other than 0 (a number or a text, with any HTTP status), and
    DeliveryError when the answer holds none.
    """
    body = _object(answer)
    errcode, errmsg = body.get("errcode"), str(body.get("errmsg", ""))
    try:
        code = int(errcode)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        raise _not_the_platform(answer, body) from None
    if code != 0:
        raise refused_by_oapi(code, errmsg)
    return errmsg


def read_openapi(answer: Answer) -> dict[str, Any]:
    """The body of a success. Raises like `read_oapi`, by HTTP status and `code`."""
    body = _object(answer)
    code = body.get("code") or body.get("Code")
    if answer.status != 200 and isinstance(code, str):
        message = str(body.get("message") or body.get("Message") or "")
        denied = body.get("accessdenieddetail")
        if isinstance(denied, dict):
            message = f"{message} {denied.get('requiredScopes', '')}".rstrip()
        raise refused_by_openapi(answer.status, code, message)
    if answer.status != 200 or not body or "punish" in body:
        raise _not_the_platform(answer, body)
    return body


def _object(answer: Answer) -> dict[str, Any]:
    """The JSON object in the body, empty when it is anything else."""
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}


def _not_the_platform(answer: Answer, body: dict[str, Any]) -> DeliveryError:
    """An answer of something in between: a gateway, a proxy, the guard that bans an IP."""
    if "punish" in body:
        return Refused("punish", "this IP is banned for a while", Action.WAIT, BAN_SECONDS)
    return DeliveryError(
        f"HTTP {answer.status} without the platform's own answer",
        code=str(answer.status),
        # A redirect or a 4xx of something in between was not handed on; the rest may have been.
        unknown_outcome=not 300 <= answer.status < 500,
    )
