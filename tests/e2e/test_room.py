"""The room in a real browser: what a person sees, types and clicks; and what attacks do not do."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Dialog, Page, async_playwright, expect

from core.store import Database, Journal
from knowledge.article.draft import Draft
from tests.bot.console.house import House, opened

pytestmark = pytest.mark.e2e
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE = 10_000  # milliseconds
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]
EVIL = (
    "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
    "[x](javascript:window.hacked=1)![y](https://evil.example/p.png)"
)


@pytest.fixture
async def house(db: Database, journal: Journal, journal_db: Database) -> AsyncIterator[House]:
    async with opened(db, journal, journal_db) as one:
        yield one


class Visitor:
    """Someone with a browser. troubles: errors and dialogs of every page they saw."""

    def __init__(self, browser: Browser, house: House) -> None:
        self._browser = browser
        self._house = house
        self.troubles: list[str] = []

    async def enter(self, token: str, path: str = "/", **context: Any) -> Page:
        """Sign in by hand on the way to `path`."""
        where = await self._browser.new_context(base_url=self._house.address, **context)
        page = await where.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", self._dismiss)
        await page.goto(path)
        await page.get_by_label("访问令牌").fill(token)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        return page

    async def _dismiss(self, dialog: Dialog) -> None:
        self.troubles.append(f"a dialog: {dialog.message}")
        await dialog.dismiss()


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        one = Visitor(browser, house)
        yield one
        await browser.close()
        assert one.troubles == []


async def test_an_alert_is_seen_and_answered_while_it_happens(
    house: House, visitor: Visitor
) -> None:
    page = await visitor.enter("ann-token")
    await expect(page.get_by_text("一切平静")).to_be_visible()
    await expect(page.locator("#welcome")).to_be_visible()
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")

    await house.fire("DiskFull", host="db-1", app="shop")
    card = page.locator('.card[data-id="INC-1"]')
    await expect(card).to_contain_text("DiskFull")
    told = page.locator(".line.notification")
    await expect(told).to_contain_text("host=db-1")
    await expect(page.locator("#welcome")).to_be_hidden()

    await card.get_by_role("button", name="确认", exact=True).click()
    await expect(page.locator(".line.mine .said")).to_have_text("/ack INC-1")
    await expect(page.locator(".line.reply")).to_contain_text("ann")
    await expect(card).to_contain_text("ann 处理中")
    await expect(card.get_by_role("button", name="确认", exact=True)).to_have_count(0)

    await house.loop.resolve(1, "li.wei", "扩容")
    await expect(card).to_have_count(0)


async def test_the_keyboard_is_enough(house: House, visitor: Visitor) -> None:
    await house.fire("DiskFull", host="db-1")
    page = await visitor.enter("ann-token")
    await expect(page.locator(".card")).to_have_count(1)
    say = page.get_by_role("combobox")
    await page.keyboard.press("/")
    await expect(say).to_be_focused()
    options = page.get_by_role("option")
    await expect(options.first).to_be_visible()
    await say.press_sequentially("wh")
    await expect(options).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(say).to_have_value("/why ")
    await say.press_sequentially("INC-1")
    await page.keyboard.press("Enter")
    await expect(page.locator(".line.reply")).to_have_count(1)
    await expect(say).to_have_value("")
    await page.keyboard.press("ArrowUp")
    await expect(say).to_have_value("/why INC-1")
    await page.keyboard.press("ArrowDown")
    await expect(say).to_have_value("")

    await page.locator(".line.notification .ref", has_text="INC-1").first.click()
    await expect(say).to_have_value("/show INC-1")
    await say.fill("hello")
    await page.keyboard.press("Shift+Enter")
    await expect(say).to_have_value("hello\n")
    await page.keyboard.press("Enter")
    await expect(page.locator("#hint")).to_contain_text("/help")


async def test_an_incident_is_shown_in_full(house: House, visitor: Visitor) -> None:
    await house.fire("DiskFull", host="db-1")
    page = await visitor.enter("eve-token", "/?incident=INC-1")
    panel = page.locator("#panel")
    await expect(panel.get_by_role("heading", name="DiskFull")).to_be_visible()
    await expect(panel).to_contain_text("时间线")
    await expect(panel.get_by_role("button", name="确认", exact=True)).to_have_count(0)
    await house.loop.note(1, "li.wei", "正在清理")
    await expect(panel).to_contain_text("正在清理")
    await panel.get_by_role("heading", name="DiskFull").focus()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    assert "incident" not in page.url


async def test_what_others_write_does_nothing_here(house: House, visitor: Visitor) -> None:
    await house.fire(EVIL, app=EVIL, host="a\"b'c<d>&e")
    await house.say(EVIL)
    await house.loop.note(1, EVIL, EVIL)
    await house.articles.create(Draft(title=EVIL, body=f"# x\n\n{EVIL}", tags=[EVIL]), "ann")
    page = await visitor.enter("ann-token", "/?incident=INC-1")
    outside: list[str] = []
    page.on(
        "request",
        lambda request: (
            outside.append(request.url) if not request.url.startswith(house.address) else None
        ),
    )
    await expect(page.locator(".line")).to_have_count(2)
    await expect(page.locator("#panel .timeline li").last).to_contain_text("<script>")
    await expect(page.locator(".card .title")).to_contain_text("<img")
    for path in ("/articles", "/articles/KB-1", "/?incident=INC-1"):
        assert await page.evaluate("window.hacked") is None
        assert (
            await page.locator("img, iframe, object, script:not([src]):not([id=page])").count() == 0
        )
        assert await page.locator("a[href^='javascript']").count() == 0
        await page.goto(path)
        await page.wait_for_load_state("load")
    assert await page.evaluate("window.hacked") is None
    assert outside == []


async def test_only_one_place_may_make_html(house: House, visitor: Visitor) -> None:
    page = await visitor.enter("ann-token")
    refused = await page.evaluate(
        """() => {
             try { document.body.innerHTML = "<b>x</b>"; return "taken" }
             catch (error) { return error.name }
           }"""
    )
    assert refused == "TypeError"


async def test_a_broken_connection_misses_nothing(house: House, visitor: Visitor) -> None:
    page = await visitor.enter("ann-token")
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await page.context.set_offline(True)
    await house.web_log.append("room", "eve", "said meanwhile", "text")
    await house.web_log.append("room", "tocsin", "**and this**", "markdown")
    await page.context.set_offline(False)
    await expect(page.locator(".line")).to_have_count(2, timeout=15_000)
    await expect(page.locator(".line strong")).to_have_text("and this")


async def test_an_ended_session_leads_to_the_door(house: House, visitor: Visitor) -> None:
    page = await visitor.enter("ann-token")
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await page.context.clear_cookies()
    await house.fire("DiskFull")  # the list of incidents is asked for again, and refused
    await expect(page.get_by_label("访问令牌")).to_be_visible()


async def test_a_draft_is_found_and_published(house: House, visitor: Visitor) -> None:
    await house.articles.create(
        Draft(title="磁盘写满", body="## 处理\n\n`df -h`"), "tocsin", incident=1
    )
    page = await visitor.enter("ed-token", "/articles")
    await page.get_by_role("link", name="磁盘写满").click()
    await expect(page.get_by_role("heading", name="处理")).to_be_visible()
    await page.get_by_role("button", name="提交审核").click()
    await page.get_by_role("button", name="通过并发布").click()
    await expect(page.locator(".facts")).to_contain_text("已发布")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_phone(house: House, visitor: Visitor, scheme: str) -> None:
    await house.fire("DiskFull", host="db-1", long="x" * 400)
    context = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    page = await visitor.enter("ann-token", **context, is_mobile=True, has_touch=True)
    await expect(page.locator(".line")).to_have_count(1)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for path in ("/", "/articles", "/?incident=INC-1"):
        await page.goto(path)
        await page.wait_for_load_state("load")
        assert await page.evaluate(wide) <= 0
    await page.goto("/")
    await page.locator("#fold").click()
    await page.locator(".card .open").click()
    await expect(page.locator("#panel h2")).to_be_visible()
    await page.get_by_role("button", name="关闭").click()
    await expect(page.locator("#panel")).to_be_hidden()


async def test_the_door_opens_without_scripts(house: House, visitor: Visitor) -> None:
    page = await visitor.enter("eve-token", "/articles", java_script_enabled=False)
    await expect(page.get_by_role("heading", name="知识库")).to_be_visible()
