"""Alertmanager's API: who may call it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from bot.http.alertmanager.door import is_local
from tests.bot.http.house import House

READS = ("alerts", "alerts/groups", "silences", "receivers", "status")


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"x:{password}".encode()).decode()}


async def test_a_token_comes_as_bearer_or_as_the_password(house: House) -> None:
    for path in READS:
        assert (await house.call("GET", f"/api/v2/{path}", "viewer"))[0] == 200
        headers = basic("viewer-token")
        assert (await house.call("GET", f"/api/v2/{path}", "", headers=headers))[0] == 200
        for wrong in (basic(""), basic("x"), {"Authorization": "Basic é"}, {}):
            async with house.client.get(f"/api/v2/{path}", headers=wrong) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == 'Basic realm="tocsin"'
                assert isinstance(await answer.json(), str)


async def test_roles(house: House) -> None:
    for path in READS:
        status, said = await house.call("GET", f"/api/v2/{path}", "ingest")
        assert (status, said) == (403, "this needs the role viewer; ingest has ingest")
    for role, status in (("ingest", 200), ("viewer", 403), ("responder", 403), ("admin", 200)):
        assert (await house.call("POST", "/api/v2/alerts", role, json=[]))[0] == status
    for role in ("ingest", "viewer"):
        assert (await house.call("POST", "/api/v2/silences", role, json={}))[0] == 403
    denied = [e for e in await house.audited() if e["outcome"] == "denied"]
    assert {(e["action"], e["by"]) for e in denied} == {
        ("silence.create", "ingest"),
        ("silence.create", "viewer"),
    }


async def test_the_open_door_is_for_this_machine_alone(opened: Any) -> None:
    async with opened(auth={"admin_token": "admin-token", "alertmanager_api": "open"}) as house:
        assert await house.call("POST", "/api/v2/alerts", "", json=[]) == (200, "")
        assert (await house.call("GET", "/api/v2/alerts", ""))[0] == 200
        own = f"http://127.0.0.1:{house.port}"
        assert (await house.call("GET", "/api/v2/alerts", "", headers={"Origin": own}))[0] == 200
        for headers in (
            {"Forwarded": "for=10.0.0.1"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"X-Forwarded-Host": "x"},
            {"X-Real-IP": "127.0.0.1"},
            {"Via": "1.1 proxy"},
            {"Host": "evil.example"},
            {"Host": f"localhost.evil.example:{house.port}"},
            {"Host": "10.0.0.1"},
            {"Host": "["},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Authorization": "Bearer wrong"},
        ):
            status, _ = await house.call("GET", "/api/v2/alerts", "", headers=headers)
            assert status == 401, headers
        for host in ("localhost", "LOCALHOST:9093", "127.0.0.1", "[::1]:80", "127.8.8.8"):
            assert (await house.call("GET", "/api/v2/alerts", "", headers={"Host": host}))[0] == 200
        assert (await house.call("GET", "/api/v1/alerts", ""))[0] == 401


async def test_the_door_is_closed_by_default(house: House) -> None:
    assert (await house.call("GET", "/api/v2/alerts", ""))[0] == 401


class _Transport:
    def __init__(self, peer: Any) -> None:
        self._peer = peer

    def get_extra_info(self, _name: str) -> Any:
        return self._peer


@pytest.mark.parametrize("peer", [("10.0.0.1", 1), ("::ffff:10.0.0.1", 1, 0, 0), "", None])
def test_a_peer_from_elsewhere_is_not_local(peer: Any) -> None:
    from aiohttp.test_utils import make_mocked_request

    request = make_mocked_request(
        "GET", "/", headers={"Host": "127.0.0.1"}, transport=_Transport(peer)
    )
    assert not is_local(request)
