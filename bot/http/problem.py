"""Errors as outsiders see them: `application/problem+json` (RFC 9457), one shape for all.

`type` is about:blank, as the RFC asks of problems that say no more than their status. Detail
and `errors` tell what is wrong and what the caller can do; nothing of the inside is shown.
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Literal

import msgspec
from aiohttp import web

from core.errors import (
    Conflict,
    DeliveryError,
    InvalidInput,
    NotFound,
    PermissionDenied,
    StoreError,
    TocsinError,
)
from core.errors import Problem as WrongValue

STORE_RETRY_AFTER = 2.0  # seconds; a full disk or a lost connection is seldom gone sooner


class NotSignedIn(TocsinError):
    """No credential, or one that is not known (401). scheme: how to send one."""

    def __init__(self, detail: str, *, scheme: Literal["Bearer", "Basic"] = "Bearer") -> None:
        super().__init__(detail)
        self.scheme = scheme


class TooMany(TocsinError):
    """The caller asks too often (429). retry_after: seconds."""

    retryable = True

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ErrorItem(msgspec.Struct, frozen=True):
    """One wrong value of a request. path: `matchers[0]`, `?limit`, …"""

    path: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body of every answer that is an error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorItem] = []


_STATUS: dict[type[TocsinError], int] = {
    InvalidInput: 422,
    PermissionDenied: 403,
    NotFound: 404,
    Conflict: 409,
    StoreError: 503,
    DeliveryError: 502,
    NotSignedIn: 401,
    TooMany: 429,
}


def problem(
    status: int,
    detail: str,
    errors: list[WrongValue] | None = None,
    headers: dict[str, str] | None = None,
) -> web.Response:
    """An error answer."""
    title = HTTPStatus(status).phrase
    body = ProblemBody(
        type="about:blank",
        title=title,
        status=status,
        detail=detail or title,
        errors=[ErrorItem(e.path, e.message) for e in errors or []],
    )
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers=headers,
    )


def of_error(error: TocsinError) -> web.Response:
    """The answer to an error that the house raised on purpose."""
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 500)
    headers: dict[str, str] = {}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = f'{error.scheme} realm="tocsin"'
    elif isinstance(error, TooMany):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    elif isinstance(error, StoreError):
        headers["Retry-After"] = str(math.ceil(STORE_RETRY_AFTER))
    wrong = error.problems if isinstance(error, InvalidInput) else None
    return problem(status, str(error), wrong, headers)


def of_http(error: web.HTTPException) -> web.Response:
    """The answer to an error that aiohttp raised: no such route, wrong method, body too large."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return problem(405, f"this address takes {allowed}", headers={"Allow": allowed})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return problem(413, "the body is larger than limits.max_body")
    if isinstance(error, web.HTTPNotFound) and error.text == "404: Not Found":
        return problem(404, "there is nothing at this address; GET /openapi.json lists what is")
    return problem(error.status, error.text or "")
