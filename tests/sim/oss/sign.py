"""OSS's request signatures, from the platform's description; nothing of a client is used.

V1: https://www.alibabacloud.com/help/en/oss/developer-reference/include-signatures-in-the-authorization-header
V4: https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

_SUBRESOURCES = {
    "acl", "append", "partNumber", "position", "security-token", "uploadId", "uploads",
    "x-oss-process", "x-oss-traffic-limit",
}  # fmt: skip
_V1 = re.compile(r"OSS ([^:]+):(.+)")
_V4 = re.compile(r"OSS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/oss/aliyun_v4_request, ?"
                 r"(?:AdditionalHeaders=([^,]+), ?)?Signature=([0-9a-f]{64})")  # fmt: skip
SKEW_SECONDS = 900


class Refused(Exception):
    """The signature is not accepted; `code` is OSS's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check(
    method: str,
    bucket: str,
    key: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    secrets: Mapping[str, str],
    region: str,
    now: datetime,
) -> str:
    """`v1` or `v4`: how the request was signed. Raises Refused."""
    given = headers.get("Authorization", "")
    if found := _V1.fullmatch(given):
        secret = _secret(secrets, found[1])
        when = headers.get("x-oss-date") or headers.get("Date", "")
        _check_time(parsedate_to_datetime(when), now)
        right = _v1(method, bucket, key, query, headers, when, secret)
        signature, version = found[2], "v1"
    elif found := _V4.fullmatch(given):
        secret = _secret(secrets, found[1])
        when = headers.get("x-oss-date", "")
        _check_time(datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), now)
        if found[3] != region or found[2] != when[:8]:
            raise Refused("InvalidArgument")
        right = _v4(method, bucket, key, query, headers, when, secret, region)
        signature, version = found[5], "v4"
    else:
        raise Refused("AccessDenied")
    if not hmac.compare_digest(right, signature):
        raise Refused("SignatureDoesNotMatch")
    return version


def _secret(secrets: Mapping[str, str], key_id: str) -> str:
    if key_id not in secrets:
        raise Refused("InvalidAccessKeyId")
    return secrets[key_id]


def _check_time(sent: datetime, now: datetime) -> None:
    if abs((now - sent).total_seconds()) > SKEW_SECONDS:
        raise Refused("RequestTimeTooSkewed")


def _v1(
    method: str,
    bucket: str,
    key: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    when: str,
    secret: str,
) -> str:
    own = sorted((k.lower(), v) for k, v in headers.items() if k.lower().startswith("x-oss-"))
    parts = sorted((k, v) for k, v in query.items() if k in _SUBRESOURCES)
    resource = f"/{bucket}/{key}" if bucket else "/"
    if parts:
        resource += "?" + "&".join(f"{k}={v}" if v else k for k, v in parts)
    text = "\n".join(
        [
            method,
            headers.get("Content-MD5", ""),
            headers.get("Content-Type", ""),
            when,
            "".join(f"{k}:{v}\n" for k, v in own) + resource,
        ]
    )
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")).decode()


def _v4(
    method: str,
    bucket: str,
    key: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    when: str,
    secret: str,
    region: str,
) -> str:
    signed = sorted(
        (k.lower(), v)
        for k, v in headers.items()
        if k.lower().startswith("x-oss-") or k.lower() in {"content-type", "content-md5"}
    )
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in query.items())
    canonical = "\n".join(
        [
            method,
            quote(f"/{bucket}/{key}" if bucket else "/", safe="/-_.~"),
            "&".join(f"{k}={v}" if v else k for k, v in pairs),
            "".join(f"{k}:{v}\n" for k, v in signed),
            "",
            headers.get("x-oss-content-sha256", ""),
        ]
    )
    scope = f"{when[:8]}/{region}/oss/aliyun_v4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signing_key = f"aliyun_v4{secret}".encode()
    for part in scope.split("/"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    text = f"OSS4-HMAC-SHA256\n{when}\n{scope}\n{digest}"
    return hmac.digest(signing_key, text.encode(), "sha256").hex()
