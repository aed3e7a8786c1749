"""AWS SNS at the hooks' door: what it signed is taken, what it asks for is confirmed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from bot.http.signature.aws import MAX_KNOWN, verify
from bot.http.subscription import confirm
from core.config.settings import HookAuth, Platform
from core.errors import DeliveryError, InvalidInput
from core.http import Answer, HttpClient
from core.intake.request import HookRequest
from tests.bot.http.conftest import Open

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
HOST = "https://sns.us-east-1.amazonaws.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
AUTH = Platform(topics=[TOPIC])


def certificate(ends: datetime = NOW + timedelta(days=300)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(ends)
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


class Amazon(HttpClient):
    """The net as far as SNS' hosts: certificates by path, and confirmations."""

    def __init__(self) -> None:
        super().__init__()
        self.visited: list[str] = []
        self.status = 200
        self.pem = certificate()

    async def request(self, method: str, url: str, **options: Any) -> Answer:
        assert (method, options["guarded"]) == ("GET", True)
        self.visited.append(url)
        return Answer(self.status, {}, self.pem if url.endswith(".pem") else b"<Confirm/>")


_number = iter(range(1, 10_000))


def fresh_address() -> str:
    """Of a certificate that is not known yet."""
    return f"{HOST}/SimpleNotificationService-{next(_number):032x}.pem"


def signed(version: str = "2", **changes: Any) -> dict[str, Any]:
    """As SNS signs: names and values, each on a line of its own."""
    fields: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Subject": "磁盘",
        "Message": "磁盘已满\nline two",
        "Timestamp": "2026-06-01T11:59:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": fresh_address(),
        **changes,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if fields["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
    algorithm = {"1": hashes.SHA1(), "2": hashes.SHA256()}.get(version, hashes.SHA256())
    signature = KEY.sign(text.encode(), PKCS1v15(), algorithm)
    return {**fields, "Signature": base64.b64encode(signature).decode()}


def asking(**changes: Any) -> dict[str, Any]:
    return signed(
        Type="SubscriptionConfirmation",
        Subject=None,
        Token="t0",
        SubscribeURL=f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0",
        **changes,
    )


def as_request(fields: Any) -> HookRequest:
    return HookRequest(json.dumps(fields).encode())


async def fits(fields: Any, auth: Platform = AUTH, net: Amazon | None = None) -> bool:
    return await verify(as_request(fields), auth, NOW, net or Amazon())


@pytest.mark.parametrize("version", ["1", "2"])
async def test_what_sns_signed_is_taken(version: str) -> None:
    assert await fits(signed(version))
    assert await fits(signed(version, Subject=None))
    assert await fits(asking(version=version))
    assert await fits(signed(version, TopicArn="arn:other"), Platform())
    china = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-00000000000000a0.pem"
    assert await fits(signed(version, SigningCertURL=china))


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "another"},
        {"Subject": "another"},
        {"MessageId": "m-2"},
        {"Type": "SubscriptionConfirmation"},
        {"TopicArn": "arn:aws:sns:us-east-1:999999999999:theirs"},
        {"Timestamp": "2026-06-01T11:58:00.000Z"},
        {"Signature": ""},
        {"Signature": "é"},
        {"Signature": "AAAA"},
        {"Signature": None},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": 2},
    ],
)
async def test_what_was_changed_is_not(changed: dict[str, Any]) -> None:
    assert not await fits({**signed(), **changed})


async def test_another_topic_is_not_taken_though_aws_signed_it() -> None:
    theirs, net = signed(TopicArn="arn:aws:sns:us-east-1:999999999999:theirs"), Amazon()
    assert not await fits(theirs, net=net)
    assert net.visited == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_message(body: bytes) -> None:
    assert not await verify(HookRequest(body), AUTH, NOW, Amazon())


async def test_a_message_is_taken_as_long_as_sns_tries_to_deliver_it() -> None:
    for minutes, wanted in ((-70, False), (-60, True), (4, True), (6, False)):
        at = (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert await fits(signed(Timestamp=at)) is wanted
    for at in ("", "soon", "0001-01-01T00:00:00Z"):
        assert not await fits(signed(Timestamp=at))


ELSEWHERE = [
    "http://sns.us-east-1.amazonaws.com",
    "https://sns.us-east-1.amazonaws.com.evil.example",
    "https://sns.us-east-1.amazonaws.com@evil.example",
    "https://evil.example/sns.us-east-1.amazonaws.com",
    "https://evil.example#sns.us-east-1.amazonaws.com",
    "https://user@sns.us-east-1.amazonaws.com",
    "https://sns.us-east-1.amazonaws.com:8443",
    "https://sns.us-east-1.amazonaws.com\\@evil.example",
    "https://sns.evil.amazonaws.com",
    "https://xsns.us-east-1.amazonaws.com",
    "https://s3.us-east-1.amazonaws.com",
    "https://sns.us-east-1.amazonaws.com.cn.evil.example",
    "https://127.0.0.1",
    "https://[",
    "file:///etc/passwd",
    "",
]


@pytest.mark.parametrize("host", ELSEWHERE)
async def test_a_certificate_from_elsewhere_is_not_fetched(host: str) -> None:
    net = Amazon()
    address = f"{host}/SimpleNotificationService-{1:032x}.pem"
    assert not await fits(signed(SigningCertURL=address), net=net)
    assert net.visited == []


@pytest.mark.parametrize(
    "path",
    [
        "/other.pem",
        "/?Action=X&Message=-----BEGIN CERTIFICATE-----.pem",
        f"/SimpleNotificationService-{1:032x}.pem?x=.pem",
        f"/x/SimpleNotificationService-{1:032x}.pem",
        f"/SimpleNotificationService-{1:032x}.pem#x",
        "/SimpleNotificationService-../x.pem",
    ],
)
async def test_nothing_else_of_its_hosts_is_a_certificate(path: str) -> None:
    net = Amazon()
    assert not await fits(signed(SigningCertURL=HOST + path), net=net)
    assert net.visited == []


async def test_a_certificate_is_fetched_once_and_few_are_kept() -> None:
    net, one = Amazon(), fresh_address()
    for _ in range(3):
        assert await fits(signed(SigningCertURL=one), net=net)
    assert net.visited == [one]
    for _ in range(MAX_KNOWN):
        assert await fits(signed(), net=net)
    assert await fits(signed(SigningCertURL=one), net=net)
    assert net.visited.count(one) == 2


async def test_a_certificate_that_is_over_or_cannot_be_had() -> None:
    net = Amazon()
    net.pem = certificate(NOW - timedelta(days=1))
    assert not await fits(signed(), net=net)
    net.pem = b"-----BEGIN NOTHING-----"
    with pytest.raises(DeliveryError):
        await fits(signed(), net=net)
    net.pem, net.status = certificate(), 503
    address = fresh_address()
    with pytest.raises(DeliveryError):
        await fits(signed(SigningCertURL=address), net=net)
    net.status = 200
    assert await fits(signed(SigningCertURL=address), net=net)


async def test_a_subscription_is_confirmed() -> None:
    net, auth = Amazon(), HookAuth(bearer="x")
    assert await confirm(as_request(asking()), auth, net)
    assert net.visited == [f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0"]
    assert not await confirm(as_request(signed()), auth, net)
    assert not await confirm(HookRequest(b"text"), auth, net)
    # Who left is not brought back.
    assert await confirm(as_request({**asking(), "Type": "UnsubscribeConfirmation"}), auth, net)
    assert len(net.visited) == 1
    net.status = 403
    with pytest.raises(DeliveryError):
        await confirm(as_request(asking()), auth, net)


@pytest.mark.parametrize("host", ELSEWHERE)
async def test_nothing_but_sns_is_visited(host: str) -> None:
    net = Amazon()
    with pytest.raises(InvalidInput):
        await confirm(
            as_request({**asking(), "SubscribeURL": f"{host}/?Token=t0"}), HookAuth(none={}), net
        )
    assert net.visited == []


async def test_at_the_door(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = {"platform": {"topics": [TOPIC]}}
    hooks = [
        {"name": "signed", "source": "aws", "auth": auth},
        {"name": "basic", "source": "aws", "auth": {"basic": {"user": "sns", "password": "p"}}},
    ]
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    plain = {"Content-Type": "text/plain; charset=UTF-8"}
    basic = plain | {"Authorization": "Basic " + base64.b64encode(b"sns:p").decode()}
    async with opened(hooks=hooks) as house:
        net = Amazon()
        monkeypatch.setattr(house.parts.http, "request", net.request)
        net.pem = certificate(datetime.now(UTC) + timedelta(days=9))

        async def send(name: str, fields: dict[str, Any], headers: dict[str, str]) -> int:
            body = json.dumps(fields).encode()
            call = house.call("POST", f"/hooks/aws/{name}", "", data=body, headers=headers)
            return (await call)[0]

        assert await send("signed", asking(Timestamp=at), plain) == 202
        assert await send("signed", signed(Timestamp=at), plain) == 202
        assert await send("signed", signed(Timestamp=at) | {"Message": "x"}, plain) == 401
        assert await send("signed", signed(), plain) == 401  # half a year old
        assert await send("basic", asking(), plain) == 401
        assert await send("basic", asking(), basic) == 202
        elsewhere = {**asking(), "SubscribeURL": "https://evil.example/"}
        assert await send("basic", elsewhere, basic) == 422
        net.status = 500
        assert await send("basic", asking(), basic) == 502
        assert sum(url.startswith(f"{HOST}/?Action") for url in net.visited) == 3
        await house.loop.settled()
        (alert,) = (await house.get("/api/v1/alerts"))["items"]
        assert alert["labels"]["alertname"] == "磁盘"
