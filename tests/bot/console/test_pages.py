"""The pages: who may see them, what protects them, which language they speak."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from importlib import resources

import aiohttp
import pytest

from bot.console.page import words_for_scripts
from core.store import Database, Journal
from core.text import LANGUAGES
from knowledge.article.draft import Draft
from tests.bot.console.house import ADMIN, House, opened

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def house(db: Database, journal: Journal, journal_db: Database) -> AsyncIterator[House]:
    async with opened(db, journal, journal_db) as one:
        yield one


async def get(house: House, path: str, **headers: str) -> tuple[int, str, aiohttp.ClientResponse]:
    answer = await house.client.get(path, headers={**HTML, **headers}, allow_redirects=False)
    return answer.status, await answer.text(), answer


async def sign_in(house: House, token: str, following: str = "") -> aiohttp.ClientResponse:
    form = {"token": token, "next": following}
    return await house.client.post("/login", data=form, headers=HTML, allow_redirects=False)


def page_facts(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="page">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    facts: dict[str, object] = json.loads(found[1])
    return facts


# Signing in


@pytest.mark.parametrize("path", ["/", "/articles", "/articles/KB-1", "/?incident=INC-1"])
async def test_strangers_are_led_to_the_door_and_back(house: House, path: str) -> None:
    status, _html, answer = await get(house, path)
    assert status == 303
    door = answer.headers["Location"]
    assert door.startswith("/login")
    status, html, _answer = await get(house, door)
    assert status == 200
    following = re.search(r'name="next" value="([^"]*)"', html)
    assert following is not None
    answer = await sign_in(house, ADMIN, following[1])
    assert answer.status == 303
    assert answer.headers["Location"] == path


async def test_signing_in_and_out(house: House) -> None:
    answer = await sign_in(house, "  ann-token ")
    assert answer.status == 303
    cookie = answer.cookies["tocsin_session"]
    assert cookie["httponly"]
    status, html, _answer = await get(house, "/")
    assert status == 200
    csrf = re.search(r'<meta name="csrf-token" content="([^"]+)"', html)
    assert csrf is not None
    assert f'name="csrf_token" value="{csrf[1]}"' in html
    assert (await get(house, "/login"))[0] == 303
    wrong = await house.client.post("/logout", data={"csrf_token": "x"}, allow_redirects=False)
    assert wrong.status == 403
    assert (await get(house, "/"))[0] == 200
    out = await house.client.post("/logout", data={"csrf_token": csrf[1]}, allow_redirects=False)
    assert (out.status, out.headers["Location"]) == (303, "/login")
    assert (await get(house, "/"))[0] == 303


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000, "\x00", "admin-token2"])
async def test_a_wrong_token_opens_nothing(house: House, token: str) -> None:
    answer = await sign_in(house, token)
    assert answer.status == 401
    assert "tocsin_session" not in answer.cookies
    assert 'role="alert"' in await answer.text()
    assert (await get(house, "/"))[0] == 303


async def test_too_many_wrong_tokens_must_wait(house: House) -> None:
    statuses = [(await sign_in(house, "wrong")).status for _ in range(15)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    answer = await sign_in(house, ADMIN)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_token_that_only_posts_events_cannot_look(house: House) -> None:
    answer = await sign_in(house, "probe-token")
    assert answer.status == 403
    assert "tocsin_session" not in answer.cookies


@pytest.mark.parametrize(
    "following",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "/\t/evil", "x", ""],
)
async def test_the_door_leads_nowhere_else(house: House, following: str) -> None:
    answer = await sign_in(house, ADMIN, following)
    assert answer.headers["Location"] == "/"


async def test_another_site_cannot_sign_a_reader_in(house: House) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await house.client.post(
            "/login", data={"token": ADMIN}, headers=headers, allow_redirects=False
        )
        assert answer.status == 403


# What protects a page


@pytest.mark.parametrize("path", ["/login", "/", "/articles", "/articles/KB-999"])
async def test_pages_run_no_script_but_ours(house: House, path: str) -> None:
    if path != "/login":
        await sign_in(house, ADMIN)
    _status, html, answer = await get(house, path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all("src=" in s or "application/json" in s for s in scripts)
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", html)


async def test_names_and_titles_are_text(house: House) -> None:
    evil = '"><script>alert(1)</script>'
    body = "# x\n\n<script>alert(2)</script> [y](javascript:alert(3))"
    await house.articles.create(Draft(title=evil, body=body, tags=[evil]), "ann")
    await sign_in(house, ADMIN)
    for path in ("/articles", "/articles/KB-1", f"/articles?q={evil}"):
        status, html, _answer = await get(house, path)
        assert status == 200
        assert "<script>alert" not in html
        assert 'href="javascript' not in html


# What pages say


async def test_the_room_knows_its_reader(house: House) -> None:
    await sign_in(house, "eve-token")
    status, html, _answer = await get(house, "/")
    facts = page_facts(html)
    assert status == 200
    assert (facts["me"], facts["role"], facts["room"]) == ("eve", "viewer", "room")
    assert facts["timezone"] == "Asia/Shanghai"
    commands = {c["name"] for c in facts["commands"]}  # type: ignore[attr-defined]
    assert {"/help", "/show", "/why", "/search"} <= commands
    assert "/ack" not in commands
    _status, html, _answer = await get(house, "/?room=other")
    assert page_facts(html)["room"] == "other"
    assert '<a href="/?room=other" aria-current="page">' in html
    assert (await get(house, "/?room=nowhere"))[0] == 404


async def test_a_reader_chooses_the_language(house: House) -> None:
    status, html, _answer = await get(house, "/login")
    assert 'lang="zh-CN"' in html
    status, _html, answer = await get(house, "/login?next=/articles&lang=en")
    assert (status, answer.headers["Location"]) == (303, "/login?next=/articles")
    _status, html, _answer = await get(house, "/login")
    assert '<html lang="en">' in html
    assert "Sign in" in html
    await get(house, "/login?lang=xx")
    assert '<html lang="en">' in (await get(house, "/login"))[1]


def test_scripts_have_every_word_they_say() -> None:
    used: set[str] = set()
    for script in resources.files("bot.console").joinpath("assets").iterdir():
        if script.name.endswith(".js"):
            used |= set(re.findall(r'\bsay\("([\w.]+)"', script.read_text("utf-8")))
    assert len(used) > 20
    for language in LANGUAGES:
        assert used <= words_for_scripts(language).keys()


# Articles


async def test_the_draft_that_waits_comes_first(house: House) -> None:
    await house.articles.create(Draft(title="Old runbook", body="x"), "ann")
    await house.articles.submit(1, "ann")
    await house.articles.approve(1, "ed")
    await house.articles.create(Draft(title="Disk full again", body="y"), "tocsin", incident=3)
    await sign_in(house, "ed-token")
    _status, html, _answer = await get(house, "/articles")
    assert html.index("Disk full again") < html.index("Old runbook")
    assert "INC-3" in html
    _status, html, _answer = await get(house, "/articles?q=runbook")
    assert "Disk full again" not in html
    _status, html, _answer = await get(house, "/articles/KB-2")
    assert 'data-step="submit"' in html
    assert 'href="/incidents/INC-3"' in html


async def test_only_editors_are_offered_the_steps(house: House) -> None:
    await house.articles.create(Draft(title="Disk full", body="x"), "ann")
    await sign_in(house, "eve-token")
    status, html, _answer = await get(house, "/articles/KB-1")
    assert status == 200
    assert "data-step" not in html


@pytest.mark.parametrize("path", ["/articles/KB-99", "/articles/x", "/articles/INC-1"])
async def test_an_article_that_is_not_there(house: House, path: str) -> None:
    await sign_in(house, ADMIN)
    status, html, answer = await get(house, path)
    assert status == 404
    assert answer.content_type == "text/html"
    assert 'href="/"' in html


async def test_an_incident_has_an_address(house: House) -> None:
    for path, there in (("INC-7", "/?incident=INC-7"), ("7", "/?incident=INC-7"), ("x", "/")):
        _status, _html, answer = await get(house, f"/incidents/{path}")
        assert answer.headers["Location"] == there


# Assets


async def test_assets_are_kept_until_they_change(house: House) -> None:
    _status, html, _answer = await get(house, "/login")
    found = re.search(r'href="(/assets/\w+/console\.css)"', html)
    assert found is not None
    status, css, answer = await get(house, found[1])
    assert (status, answer.content_type) == (200, "text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    status, same, answer = await get(house, "/assets/older/console.css")
    assert (status, same) == (200, css)
    assert answer.headers["Cache-Control"] == "no-store"
    for name in ("nothing.css", "..%2fpage.py", "page.py"):
        assert (await get(house, f"/assets/older/{name}"))[0] == 404
