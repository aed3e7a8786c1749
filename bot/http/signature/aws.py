"""AWS SNS: RSA over the fields of the message, PKCS #1 v1.5; version 1 with SHA-1, 2 with SHA-256.

The key is in a certificate whose address the message names itself: only one on SNS' own hosts is
fetched. A signature tells that some topic of some account sent it; `topics` says which may.
Source: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bot.http.signature.standard import WINDOW
from core.config.settings import Platform
from core.errors import DeliveryError
from core.http import HttpClient
from core.intake.given import moment
from core.intake.normalise import sane
from core.intake.request import HookRequest

NOTIFICATION = "Notification"
CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
RETRIED = timedelta(hours=1)  # the longest that SNS goes on trying to deliver a message
MAX_KNOWN = 32  # certificates; SNS has one a region and changes it rarely
_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?")
# Nothing but SNS' certificates: other answers of these hosts repeat what they were asked.
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem")
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_TO_CONFIRM = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip

_certificates: dict[str, x509.Certificate] = {}


async def verify(request: HookRequest, auth: Platform, now: datetime, http: HttpClient) -> bool:
    """See Verify. A message that SNS delivers late is taken for RETRIED longer."""
    fields = envelope(request)
    if auth.topics and fields.get("TopicArn") not in auth.topics:
        return False
    signature, algorithm = _signature(fields), _HASHES.get(fields.get("SignatureVersion", ""))
    address = _certificate_address(fields.get("SigningCertURL", ""))
    if not signature or algorithm is None or not address:
        return False
    if not _is_fresh(fields.get("Timestamp", ""), now):
        return False
    certificate = await _certificate(address, http)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or not (
        certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    ):
        return False
    try:
        key.verify(signature, _string_to_sign(fields), PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def envelope(request: HookRequest) -> dict[str, str]:
    """The texts of an SNS message; empty when the body is none."""
    try:
        given = msgspec.json.decode(request.body)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return {}
    if not isinstance(given, dict):
        return {}
    return {name: text for name, text in given.items() if isinstance(text, str)}


def on_sns(address: str) -> SplitResult | None:
    """The parts of an https address on a host of SNS; None for every other.

    Visit its `geturl()`: what was checked, and not what another parser makes of `address`.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    # netloc as a whole: no user, no other port.
    ours = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None
    return parts if ours else None


def _certificate_address(address: str) -> str:
    parts = on_sns(address)
    if parts is None or parts.query or parts.fragment or not _CERTIFICATE.fullmatch(parts.path):
        return ""
    return parts.geturl()


def _signature(fields: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(fields.get("Signature", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_fresh(stamp: str, now: datetime) -> bool:
    sent = sane(moment(stamp))
    return sent is not None and now - RETRIED - WINDOW <= sent <= now + WINDOW


def _string_to_sign(fields: Mapping[str, str]) -> bytes:
    names = _SIGNED_TO_CONFIRM if fields.get("Type") in CONFIRMATIONS else _SIGNED
    lines = (f"{name}\n{fields[name]}\n" for name in names if name in fields)
    return "".join(lines).encode("utf-8", "surrogatepass")


async def _certificate(address: str, http: HttpClient) -> x509.Certificate:
    """The certificate at an address that was checked. DeliveryError when it cannot be had."""
    known = _certificates.get(address)
    if known is not None:
        return known
    answer = await http.request("GET", address, guarded=True)
    try:
        if answer.status != 200:
            raise ValueError
        found = x509.load_pem_x509_certificate(answer.body)
    except ValueError:
        raise DeliveryError(
            f"SNS' certificate cannot be had (HTTP {answer.status})", code="certificate"
        ) from None
    if len(_certificates) >= MAX_KNOWN:
        _certificates.pop(next(iter(_certificates)))
    _certificates[address] = found
    return found
