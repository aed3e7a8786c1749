"""Hooks that the sender signs: only what the platform sent is taken, and nothing else is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from bot.http.signature import VERIFIERS
from bot.http.signature.seen import MAX_KNOWN, Seen
from core.config.load import parse_settings
from core.config.references import SIGNED, warnings
from core.config.settings import Hook, Platform
from core.errors import ConfigError
from core.http import HttpClient
from core.intake.request import HookRequest

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cw=="
BODY = b'{"object_kind": "pipeline"}'


def hexed(secret: str, body: bytes = BODY) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(secret: str = SECRET, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    """Signed by the reference library."""
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    stamp = str(int(at.timestamp()))
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}


async def signed(source: Any, headers: dict[str, str], secret: str, body: bytes = BODY) -> bool:
    request = HookRequest(body, headers)
    return await VERIFIERS[source](request, Platform(secret=secret), NOW, HttpClient())


CASES: list[tuple[str, dict[str, str], str]] = [
    ("sentry", {"sentry-hook-signature": hexed("s3")}, "s3"),
    ("github", {"x-hub-signature-256": "sha256=" + hexed("s3")}, "s3"),
    ("gitlab", {"x-gitlab-token": "s3"}, "s3"),
    ("gitlab", standard(), SECRET),
    ("cloudevents", standard(), SECRET),
]


@pytest.mark.parametrize(("source", "headers", "secret"), CASES)
async def test_what_the_platform_signed_is_taken(
    source: str, headers: dict[str, str], secret: str
) -> None:
    assert await signed(source, headers, secret)
    assert not await signed(source, headers, "another")
    assert not await signed(source, headers, "")
    assert not await signed(source, {}, secret)
    assert not await signed(source, dict.fromkeys(headers, ""), secret)
    assert not await signed(source, dict.fromkeys(headers, "é�"), secret)
    if "x-gitlab-token" not in headers:
        assert not await signed(source, headers, secret, BODY + b" ")


@pytest.mark.parametrize("source", ["sentry", "github", "gitlab", "cloudevents"])
async def test_an_empty_secret_signs_nothing(source: str) -> None:
    headers = {
        "sentry-hook-signature": hexed(""),
        "x-hub-signature-256": "sha256=" + hexed(""),
        "x-gitlab-token": "",
    }
    assert not await signed(source, headers, "")
    assert not await signed(source, headers, " ")


async def test_a_signed_time_must_be_near() -> None:
    for minutes, fits in ((-6, False), (-4, True), (4, True), (6, False)):
        headers = standard(at=NOW + timedelta(minutes=minutes))
        assert await signed("cloudevents", headers, SECRET) is fits
    for stamp in ("", "now", "1.5", "-1", "9" * 40, "١٢"):
        assert not await signed("gitlab", {**standard(), "webhook-timestamp": stamp}, SECRET)


async def test_one_of_several_signatures_is_enough_while_a_key_is_changed() -> None:
    headers = standard()
    headers["webhook-signature"] = "v1,AAAA v2,x " + headers["webhook-signature"]
    assert await signed("cloudevents", headers, SECRET)


async def test_a_gitlab_token_does_not_stand_in_for_a_wrong_signature() -> None:
    headers = {**standard(), "x-gitlab-token": SECRET, "webhook-signature": "v1,AAAA"}
    assert not await signed("gitlab", headers, SECRET)


async def test_an_unsigned_request_is_401_and_nothing_is_kept(opened: Any) -> None:
    auth = {"platform": {"secret": SECRET}}
    hooks = [{"name": "ci", "source": "cloudevents", "auth": auth}]
    old = standard(at=datetime.fromtimestamp(time.time() - 3600, UTC))
    async with opened(hooks=hooks) as house:
        for headers in ({}, old, {"Authorization": f"Bearer {SECRET}"}):
            for body, kind in ((BODY, "application/json"), (b"x" * 70_000, "x/y"), (b"{", "x/y")):
                status, _ = await house.call(
                    "POST",
                    "/hooks/cloudevents/ci",
                    "",
                    data=body,
                    headers={**headers, "Content-Type": kind},
                )
                assert status in (401, 413), (status, headers)
        assert (await house.get("/api/v1/events/rejected"))["items"] == []
        assert await house.journal.after(0) == []


async def test_a_signed_message_is_taken_once(opened: Any) -> None:
    auth = {"platform": {"secret": SECRET}}
    hooks = [{"name": "ci", "source": "cloudevents", "auth": auth}]
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"title": "x"}}
    body = json.dumps(event).encode()
    headers = {**standard(at=datetime.now(UTC), body=body), "Content-Type": "application/json"}
    call = ("POST", "/hooks/cloudevents/ci", "")
    async with opened(hooks=hooks) as house:
        assert await house.call(*call, data=body, headers=headers) == (202, {"accepted": 1})
        assert await house.call(*call, data=body, headers=headers) == (202, {"accepted": 0})
        forged = {**headers, "webhook-id": "msg_2"}
        assert (await house.call(*call, data=body, headers=forged))[0] == 401
        await house.loop.settled()
        assert (await house.get("/api/v1/alerts"))["items"][0]["count"] == 1


def test_only_so_many_are_remembered_and_only_so_long() -> None:
    seen, hook = (
        Seen(),
        Hook.model_validate(
            {"name": "ci", "source": "gitlab", "auth": {"platform": {"secret": SECRET}}}
        ),
    )
    one = HookRequest(b"", standard())
    assert not seen.knows(hook, one, NOW)
    seen.remember(hook, one, NOW)
    assert seen.knows(hook, one, NOW + timedelta(minutes=9))
    assert not seen.knows(hook, one, NOW + timedelta(minutes=10))
    for i in range(MAX_KNOWN + 10):
        other = HookRequest(b"", {"webhook-signature": "v1,x", "webhook-id": f"msg_{i}"})
        seen.remember(hook, other, NOW + timedelta(minutes=i // 5000))
    assert len(seen._until) == MAX_KNOWN
    assert not seen.knows(hook, one, NOW)
    seen.remember(hook, one, NOW + timedelta(hours=1))
    assert len(seen._until) == 1
    seen.remember(hook, HookRequest(b"", {"x-gitlab-token": "t"}), NOW)
    assert len(seen._until) == 1


def test_a_source_that_signs_nothing_is_refused() -> None:
    hooks = [
        {"name": "a", "source": "zabbix", "auth": {"platform": {"secret": "x"}}},
        {"name": "b", "source": "github", "auth": {"platform": {"secret": " "}}},
        {"name": "c", "source": "aws", "auth": {"platform": {}}},
        {"name": "d", "source": "generic", "auth": {"bearer": " "}},
    ]
    with pytest.raises(ConfigError) as caught:
        parse_settings({"hooks": hooks}, {})
    assert [str(p.path) for p in caught.value.problems] == [
        "hooks[0].auth.platform", "hooks[1].auth", "hooks[3].auth",
    ]  # fmt: skip
    warned = warnings(parse_settings({"hooks": hooks[2:3]}, {}))
    assert "topics" in warned[0].message


def test_every_source_that_may_sign_has_a_verifier() -> None:
    assert set(VERIFIERS) == SIGNED
