"""Who may do what: tokens, roles, sessions with CSRF protection."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.http.auth import COOKIE, SIGN_IN_BURST, Auth, digest_of
from bot.http.route import Route
from bot.http.routes import TABLE
from core.config.settings import Settings
from core.errors import Conflict
from core.model.audit import Principal
from core.store import Database, schema
from tests.bot.http.house import ROLES, House

GUARDED = [route for route in TABLE if route.role is not None]


def _path(route: Route) -> str:
    return re.sub(r"\{\w+\}", "INC-1", route.path)


async def test_every_guarded_route_asks_for_its_role(house: House) -> None:
    for route in GUARDED:
        status, problem = await house.call(route.method, _path(route), role="")
        assert status == 401, route.path
        assert route.own_door or problem["title"] == "Unauthorized"
        for role in ROLES:
            if route.stream and Principal(role, role, "api").may("viewer"):
                continue  # it would not end
            status, problem = await house.call(route.method, _path(route), role)
            allowed = Principal(role, role, "api").may(route.role or "admin")
            assert (status == 403) is not allowed, (route.path, role, status, problem)


async def test_other_credentials_do_not_authenticate(house: House) -> None:
    for header in (
        "", "Bearer", "Bearer ", "Bearer  ", "Bearer wrong", "Basic YWRtaW46", "admin-token",
        "Bearer admin-token x", "Bearer \xff\xfe", "Token admin-token", "Bearer " + "x" * 5000,
    ):  # fmt: skip
        async with house.client.get("/api/v1/alerts", headers={"Authorization": header}) as answer:
            assert answer.status == 401, header
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tocsin"'
            assert answer.content_type == "application/problem+json"


async def test_the_scheme_is_read_in_any_case(house: House) -> None:
    headers = {"Authorization": "bearer  viewer-token "}
    assert (await house.call("GET", "/api/v1/alerts", "", headers=headers))[0] == 200


async def test_empty_tokens_in_the_settings_are_nobodys(db: Database) -> None:
    settings = Settings.model_validate(
        {"auth": {"admin_token": "  "}, "people": [{"name": "x", "tokens": ["", " "]}]}
    )
    auth = Auth(settings, db)
    assert auth._configured == {}


async def test_a_token_made_elsewhere_is_seen_and_a_deleted_one_is_not(house: House) -> None:
    elsewhere = Auth(Settings(), house.db)
    token = await elsewhere.create_token("robot", "responder")
    house.auth._read_at = float("-inf")  # a second has passed
    headers = {"Authorization": f"Bearer {token}"}
    assert (await house.call("GET", "/api/v1/alerts", "", headers=headers))[0] == 200
    assert (await house.call("GET", "/api/v1/audit", "", headers=headers))[0] == 403
    await house.db.write(lambda c: c.execute(schema.tokens.delete()))
    house.auth._read_at = float("-inf")
    assert (await house.call("GET", "/api/v1/alerts", "", headers=headers))[0] == 401


async def test_only_digests_are_kept_and_a_name_is_taken_once(db: Database) -> None:
    auth = Auth(Settings(), db)
    token = await auth.create_token("robot", "ingest")
    rows = await db.read(lambda c: c.execute(select(schema.tokens)).all())
    assert [(r.name, r.role, r.digest) for r in rows] == [("robot", "ingest", digest_of(token))]
    with pytest.raises(Conflict):
        await auth.create_token("robot", "admin")


async def test_the_first_start_makes_an_administrators_token_once(db: Database) -> None:
    token = await Auth(Settings(), db).load()
    assert token is not None
    assert await Auth(Settings(), db).load() is None
    configured = Settings.model_validate({"auth": {"admin_token": "x"}})
    await db.write(lambda c: c.execute(schema.tokens.delete()))
    assert await Auth(configured, db).load() is None


async def test_the_first_token_is_made_beside_others_that_cannot_administrate(db: Database) -> None:
    await Auth(Settings(), db).create_token("first", "viewer")
    assert await Auth(Settings(), db).load() is not None


# Browsers


@pytest.fixture
async def browser(house: House) -> House:
    """A house whose client signed in as the responder."""
    form = {"token": "responder-token", "next": "/"}
    async with house.client.post("/login", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
        cookie = answer.cookies[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert not cookie["secure"]
        assert "responder-token" not in cookie.value
    return house


async def _csrf(house: House) -> str:
    row = await house.db.read(lambda c: c.execute(select(schema.sessions)).one())
    cookies = {c.value for c in house.client.cookie_jar}
    assert row.digest in {digest_of(value) for value in cookies}
    return str(row.csrf)


async def test_a_session_reads_and_changes_only_with_its_csrf_token(browser: House) -> None:
    await browser.fire("DiskFull")
    assert (await browser.call("GET", "/api/v1/incidents/INC-1", ""))[0] == 200
    path = "/api/v1/incidents/INC-1/acknowledge"
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x" * 43}):
        status, problem = await browser.call("POST", path, "", headers=headers)
        assert status == 403
        assert "CSRF" in problem["detail"]
    right = {"X-CSRF-Token": await _csrf(browser)}
    status, incident = await browser.call("POST", path, "", headers=right)
    assert status == 200
    assert incident["acknowledged_by"] == "responder"
    assert (await browser.audited())[0]["via"] == "web"


async def test_the_csrf_token_may_be_a_form_field(browser: House) -> None:
    for value, status in (("wrong", 403), (await _csrf(browser), 303)):
        form = {"csrf_token": value}
        async with browser.client.post("/logout", data=form, allow_redirects=False) as answer:
            assert answer.status == status


async def test_signing_out_ends_the_session(browser: House) -> None:
    cookie = next(c.value for c in browser.client.cookie_jar)
    form = {"csrf_token": await _csrf(browser)}
    async with browser.client.post("/logout", data=form, allow_redirects=False):
        pass
    stolen = {"Cookie": f"{COOKIE}={cookie}"}
    assert (await browser.call("GET", "/api/v1/alerts", "", headers=stolen))[0] == 401


async def test_a_session_ends_with_its_time(browser: House) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    await browser.db.write(lambda c: c.execute(update(schema.sessions).values(expires_at=past)))
    assert (await browser.call("GET", "/api/v1/alerts", ""))[0] == 401


async def test_a_session_ends_with_its_token(house: House) -> None:
    token = await house.auth.create_token("robot", "viewer")
    async with house.client.post("/login", data={"token": token}, allow_redirects=False):
        pass
    assert (await house.call("GET", "/api/v1/alerts", ""))[0] == 200
    await house.db.write(lambda c: c.execute(schema.tokens.delete()))
    house.auth._read_at = float("-inf")
    assert (await house.call("GET", "/api/v1/alerts", ""))[0] == 401


async def test_an_authorization_header_decides_alone(browser: House) -> None:
    headers = {"Authorization": "Bearer wrong"}
    assert (await browser.call("GET", "/api/v1/alerts", "", headers=headers))[0] == 401


async def test_a_page_without_a_session_leads_to_the_door(house: House) -> None:
    page = {"Accept": "text/html,*/*"}
    async with house.client.get("/docs?a=b", headers=page, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/login?next=/docs%3Fa%3Db"


async def test_wrong_sign_ins_are_limited(house: House) -> None:
    for _ in range(SIGN_IN_BURST):
        async with house.client.post("/login", data={"token": "guess"}) as answer:
            assert answer.status == 401
    async with house.client.post("/login", data={"token": "admin-token"}) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0
    assert (await house.call("GET", "/api/v1/alerts"))[0] == 200


@pytest.mark.sqlite  # on PostgreSQL the journal is gone with the store
async def test_tokens_stay_known_while_the_store_is_gone(house: House) -> None:
    await house.call("GET", "/api/v1/alerts")
    house.db.close()
    house.auth._read_at = float("-inf")
    status, _ = await house.call("POST", "/api/v1/events", json={"labels": {"alertname": "A"}})
    assert status == 202
