"""The outgoing client: what it refuses, and how failures are told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from core.errors import DeliveryError
from core.http import MAX_ANSWER, HttpClient, is_public


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    http = HttpClient()
    yield http
    await http.close()


@pytest.fixture
async def server() -> AsyncIterator[str]:
    async def big(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * (MAX_ANSWER * 2))

    async def away(_request: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/")

    async def slow(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app = web.Application()
    for path, handler in (("/big", big), ("/away", away), ("/slow", slow), ("/cut", cut)):
        app.router.add_post(path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_answers_are_bounded_and_redirects_are_not_followed(
    client: HttpClient, server: str
) -> None:
    answer = await client.post(f"{server}/big", data=b"", headers={})
    assert len(answer.body) == MAX_ANSWER
    assert (await client.post(f"{server}/away", data=b"", headers={})).status == 302


async def test_failures_say_whether_it_may_have_arrived(client: HttpClient, server: str) -> None:
    with pytest.raises(DeliveryError) as late:
        await client.post(
            f"{server}/slow", data=b"", headers={}, timeout=timedelta(milliseconds=50)
        )
    assert (late.value.code, late.value.unknown_outcome) == ("timeout", True)
    with pytest.raises(DeliveryError) as cut:
        await client.post(f"{server}/cut", data=b"", headers={})
    assert (cut.value.code, cut.value.unknown_outcome) == ("network", True)
    with pytest.raises(DeliveryError) as closed:
        await client.post("http://127.0.0.1:1/?access_token=s3cret", data=b"", headers={})
    assert (closed.value.code, closed.value.unknown_outcome) == ("network", False)
    assert "s3cret" not in str(closed.value)
    with pytest.raises(DeliveryError) as wrong:
        await client.post("nonsense", data=b"", headers={})
    assert not wrong.value.retryable


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "ftp://8.8.8.8/",
        "http:///",
    ],
)
async def test_guarded_requests_reach_public_addresses_only(
    client: HttpClient, address: str
) -> None:
    with pytest.raises(DeliveryError):
        await client.post(address, data=b"", headers={}, guarded=True)


def test_public_addresses() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2400:3200::1")
    assert not is_public("224.0.0.1")
    assert not is_public("fe80::1")
    assert not is_public("not an address")
