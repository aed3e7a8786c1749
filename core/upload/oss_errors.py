"""What Aliyun OSS's refusals mean: by exception type, status and code, never by text.

Codes: https://www.alibabacloud.com/help/en/oss/developer-reference/error-codes
"""

from __future__ import annotations

from typing import Any

import oss2
import requests

from core.redact import redact
from core.upload.target import UploadError

_THROTTLED = {
    "SlowDown",
    "ServiceUnavailable",
    "TooManyRequests",
    "QpsLimitExceeded",
    "TotalQpsLimitExceeded",
    "UploadTrafficRateLimitExceeded",
    "TrafficRateLimitExceeded",
}
_DIGEST = {"BadDigest", "InvalidDigest"}
# The multipart upload is gone or not as we remember it: it begins anew.
LOST = {"NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"}


def classify(error: oss2.exceptions.OssError) -> UploadError:
    """`error` as one of our classes, with OSS's own code and words, no secrets."""
    if isinstance(error, oss2.exceptions.RequestError):
        return _no_answer(error.exception)
    if isinstance(error, oss2.exceptions.InconsistentError):
        return UploadError("bad_digest", "OSS has another CRC-64 than was sent", retryable=True)
    if error.status < 0:
        return UploadError("other", _words(error.body), retryable=False)
    code, status = error.code, error.status
    text = f"{status} {code}: {_words(error.message)}" if code else f"HTTP {status}"
    if status == 429 or status == 503 or code in _THROTTLED or code.startswith("Throttling"):
        after = str(error.headers.get("Retry-After", ""))
        wait = float(after) if after.isascii() and after.isdigit() else None
        return UploadError("throttled", text, retryable=True, retry_after=wait)
    if code in LOST:
        return UploadError("other", text, retryable=True)
    if code in _DIGEST:
        return UploadError("bad_digest", text, retryable=True)
    if status in {408, 502, 504} or code == "RequestTimeout":
        return UploadError("network", text, retryable=True)
    if status in {401, 403}:
        return UploadError("auth", text, retryable=False)
    if status == 404:
        return UploadError("not_found", text, retryable=False)
    return UploadError("other", text, retryable=status >= 500)


def _no_answer(cause: Any) -> UploadError:
    if isinstance(cause, requests.exceptions.Timeout):
        return UploadError("network", "OSS did not answer in time", retryable=True)
    if isinstance(
        cause, requests.exceptions.ConnectionError | requests.exceptions.ChunkedEncodingError
    ):
        text = f"the connection to OSS failed ({type(cause).__name__})"
        return UploadError("network", text, retryable=True)
    text = f"the request could not be made ({type(cause).__name__})"
    return UploadError("other", text, retryable=False)


def _words(text: Any) -> str:
    return redact(str(text))[:300]
