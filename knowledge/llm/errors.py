"""How a model can fail: one class a failure, told by type and status code, never by words."""

from __future__ import annotations

import json
from typing import Literal

import msgspec

from core.errors import TocsinError

ErrorClass = Literal[
    "disabled", "timeout", "network", "rate_limit", "quota", "auth", "not_found", "upstream_4xx",
    "upstream_5xx", "content_filter", "truncated", "empty", "parse_error", "schema_error",
    "budget", "circuit_open", "canceled",
]  # fmt: skip

# Asking again within the time that is left may help.
RETRYABLE: frozenset[str] = frozenset({"timeout", "network", "rate_limit", "upstream_5xx"})

# The service itself is unwell or refuses us: these open the circuit. A model that answers badly
# does not, for the next text may go well.
OPENS_CIRCUIT: frozenset[str] = RETRYABLE | {"quota", "auth", "not_found", "upstream_4xx"}

_BY_STATUS: dict[int, ErrorClass] = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    408: "timeout",
    429: "rate_limit",
    504: "timeout",
}

# Machine-readable codes in an error's body, where a status alone does not tell.
_BY_CODE: dict[str, ErrorClass] = {
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "Arrearage": "quota",  # Aliyun Model Studio
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "data_inspection_failed": "content_filter",  # Aliyun Model Studio
    "model_not_found": "not_found",
    "invalid_api_key": "auth",
}


class ModelError(TocsinError):
    """The model gave nothing that can be used. `error_class` is one of ErrorClass.

    `retry_after` is in seconds, when the service named it. The text carries no part of the
    request or the answer.
    """

    def __init__(
        self,
        error_class: ErrorClass,
        detail: str = "",
        *,
        retry_after: float | None = None,
        retries: int = 0,
        tokens: int = 0,
    ) -> None:
        super().__init__(f"{error_class}: {detail}" if detail else error_class)
        self.error_class: ErrorClass = error_class
        self.retry_after = retry_after
        self.retries = retries
        self.tokens = tokens

    @property
    def may_retry(self) -> bool:
        """Whether asking again at once may help."""
        return self.error_class in RETRYABLE


def of_status(status: int, code: str = "") -> ErrorClass:
    """The class of an HTTP status and the body's own error code."""
    known = _BY_CODE.get(code) or _BY_STATUS.get(status)
    return known or ("upstream_5xx" if status >= 500 else "upstream_4xx")


def classify(error: Exception) -> ModelError:
    """Any error that the openai package, or decoding its answer, raises on a call."""
    import openai  # here, because it takes a second and 40 MB and only a call can bring us here

    match error:
        case ModelError():
            return error
        case openai.APITimeoutError() | TimeoutError():
            return ModelError("timeout")
        case openai.APIConnectionError():
            return ModelError("network")
        case openai.APIStatusError():
            code = error.code or error.type or ""
            return ModelError(
                of_status(error.status_code, code),
                f"status {error.status_code}",
                retry_after=_retry_after(error.response.headers.get("retry-after", "")),
            )
        case (
            openai.APIResponseValidationError()
            | msgspec.DecodeError()
            | json.JSONDecodeError()
            | UnicodeDecodeError()
        ):
            return ModelError("parse_error", "the service's answer is not the API's JSON")
        case _:
            return ModelError("network", type(error).__name__)


def _retry_after(header: str) -> float | None:
    return float(header) if header.isascii() and header.isdigit() and len(header) < 7 else None
