"""What DingTalk refuses with, and what follows from it. Two hosts, two forms of error:

- oapi.dingtalk.com answers HTTP 200 with an `errcode`; anything but 0 is a refusal.
- api.dingtalk.com answers 4xx with `code` and `message`; throttling is 403, never 429.
"""

from __future__ import annotations

from enum import StrEnum

from core.errors import DeliveryError
from core.redact import redact

BAN_SECONDS = 300.0
"""An IP that calls too often is banned for five minutes."""
_MAX_TEXT = 500


class Action(StrEnum):
    """What helps after a refusal."""

    RETRY = "retry"
    """The same again, a little later."""
    WAIT = "wait"
    """The same again, not before `retry_after`."""
    RERENDER = "rerender"
    """The content is what is refused; other content may pass."""
    CONFIGURE = "configure"
    """A person must change a setting here or at the platform."""
    GONE = "gone"
    """The robot or its group does not exist any more."""


class Refused(DeliveryError):
    """The platform answered and did not take it. `code` and `text` are its own."""

    def __init__(
        self, code: str, text: str, action: Action, retry_after: float | None = None
    ) -> None:
        super().__init__(
            redact(text)[:_MAX_TEXT],
            code=code,
            retryable=action in {Action.RETRY, Action.WAIT},
            retry_after=retry_after,
        )
        self.action = action


_ROBOT_WAIT = 600.0
_OAPI: dict[int, tuple[Action, float | None]] = {
    -1: (Action.RETRY, None),
    40035: (Action.CONFIGURE, None),
    43004: (Action.CONFIGURE, None),
    300001: (Action.GONE, None),
    300005: (Action.GONE, None),
    310000: (Action.CONFIGURE, None),  # keyword, signature, timestamp or address list
    400013: (Action.GONE, None),
    400101: (Action.GONE, None),
    400102: (Action.CONFIGURE, None),  # stopped by a person who can start it again
    400105: (Action.CONFIGURE, None),
    400106: (Action.GONE, None),
    410100: (Action.WAIT, _ROBOT_WAIT),
    130101: (Action.WAIT, _ROBOT_WAIT),  # the older code for the same
    430101: (Action.RERENDER, None),
    430102: (Action.RERENDER, None),
    430103: (Action.RERENDER, None),
    430104: (Action.RERENDER, None),
    460101: (Action.RERENDER, None),
    101002: (Action.RERENDER, None),  # the older code for "too long"
    90002: (Action.WAIT, 10.0),
    90018: (Action.WAIT, 1.0),
    90020: (Action.CONFIGURE, None),  # the month's quota is used up
}

# The longest prefix that fits decides.
_OPENAPI: dict[str, tuple[Action, float | None]] = {
    "InvalidAuthentication": (Action.RETRY, None),
    "invalidClientIdOrSecret": (Action.CONFIGURE, None),
    "authFailed": (Action.CONFIGURE, None),
    "Forbidden.AccessDenied": (Action.CONFIGURE, None),
    "Forbidden.AccessDenied.QpsLimit": (Action.WAIT, 1.0),
    "Forbidden.AccessDenied.QpmLimit": (Action.WAIT, 60.0),
    "send.too.fast": (Action.WAIT, 60.0),
    "send.byToken.tooFast": (Action.WAIT, 60.0),
    "too.many.group": (Action.WAIT, 60.0),
    "contain.": (Action.RERENDER, None),
    "param.contentUnsafe": (Action.RERENDER, None),
    "invalidParameter": (Action.CONFIGURE, None),
    "invalidParameter.msgParam.tooLong": (Action.RERENDER, None),
    "group.disbanded": (Action.GONE, None),
    "invalid.openConversationId": (Action.GONE, None),
    "conversation.org.notMatch": (Action.GONE, None),
    "resource.not.found": (Action.GONE, None),
    "system.": (Action.RETRY, None),
}


def refused_by_oapi(errcode: int, errmsg: str) -> Refused:
    """The refusal with `errcode`. One that is not in the table may be tried again."""
    action, after = _OAPI.get(errcode, (Action.RETRY, None))
    return Refused(str(errcode), errmsg, action, after)


def refused_by_openapi(status: int, code: str, message: str) -> Refused:
    """The refusal with `code`; one that is not in the table is judged by its HTTP status.

    A 5xx has an unknown outcome: it may have failed after the message was stored.
    """
    fits = [prefix for prefix in _OPENAPI if code.startswith(prefix)]
    if fits:
        action, after = _OPENAPI[max(fits, key=len)]
    else:
        action, after = (Action.RETRY if status >= 500 else Action.CONFIGURE), None
    refused = Refused(code, message, action, after)
    refused.unknown_outcome = status >= 500
    return refused
