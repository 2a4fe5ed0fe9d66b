"""The page while the gateway comes and goes, in Debian's Chromium."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import BrowserContext, Page, expect

from llmlb.web import dashboard, live
from llmlb.web.assets import add_assets
from tests.browser.chromium import IN_CHROMIUM, LIVE, LOST
from tests.browser.site import Site, node, overview

pytestmark = IN_CHROMIUM


async def test_it_says_when_the_connection_is_lost_and_recovers_by_itself(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    await site.stop()
    await page.wait_for_selector(LOST)
    await expect(page.locator("#link")).to_contain_text("接続が切れました")
    await expect(page.locator("#link")).to_contain_text(re.compile(r"\d+:\d\d:\d\d"))
    site.now = overview(node("gpu-1"), waiting=5)
    await site.start()
    await page.wait_for_selector(LIVE)
    await expect(page.locator("#waiting")).to_have_text("5")
    await expect(page.locator("#link")).to_have_text("ライブ")


async def test_it_loads_itself_anew_after_an_upgrade(
    visitor: BrowserContext, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_files(app: web.Application) -> str:
        add_assets(app)
        return "other"

    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    await page.evaluate("document.body.dataset.version = 'former'")
    await site.stop()
    monkeypatch.setattr(dashboard, "add_assets", other_files)
    await site.start()
    await page.wait_for_selector(f"body{LIVE}:not([data-version])")


async def test_it_recovers_from_an_answer_that_makes_a_browser_give_up(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    refusals = 0

    async def refuse_once(route: Any) -> None:
        nonlocal refusals
        if refusals:
            await route.continue_()
        else:
            refusals += 1
            await route.fulfill(status=503, body="")

    await page.route(f"**{dashboard.EVENTS_PATH}*", refuse_once)
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    assert refusals == 1


async def test_one_page_too_many_says_so_and_comes_when_there_is_room(
    visitor: BrowserContext, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await visitor.new_page()
    with monkeypatch.context() as crowded:
        crowded.setattr(live.Feed, "full", True)
        await page.goto(site.url)
        await expect(page.locator("#link")).to_contain_text("同時に開けるページ数の上限です")
        await page.wait_for_selector(LOST)
    await page.wait_for_selector(LIVE)


async def test_it_notices_a_connection_that_died_without_a_word(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.clock.install()
    # A stream that opens and then never says anything, as one behind a pulled cable.
    await page.add_init_script(
        """window.opened = 0;
        window.EventSource = class extends EventTarget {
          static CLOSED = 2;
          readyState = 1;
          constructor(url) { super(); window.opened += 1; }
          close() {}
        };"""
    )
    await page.goto(site.url)
    assert await page.evaluate("window.opened") == 1
    await page.clock.run_for(11_000)
    assert await page.evaluate("document.body.dataset.link") == "snapshot"
    await page.clock.run_for(2_000)
    assert await page.evaluate("document.body.dataset.link") == "lost"
    await page.clock.run_for(2_000)
    assert await page.evaluate("window.opened") == 2


async def _put(page: Page, place: str) -> None:
    """Have the tab be where its reader does not see it ("hidden"), or does ("visible"): here all are visible."""
    await page.evaluate(
        """place => {
          Object.defineProperty(document, "hidden", { value: place === "hidden", configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        place,
    )


async def test_it_may_be_open_in_ten_tabs(visitor: BrowserContext, site: Site) -> None:
    tabs = []
    for _ in range(10):  # a browser has six connections to one address
        page = await visitor.new_page()
        await page.goto(site.url)
        await page.wait_for_selector(LIVE)
        await _put(page, "hidden")
        tabs.append(page)
    site.now = overview(node("gpu-1"), waiting=5)
    await expect(tabs[-1]).to_have_title(re.compile("待機 5"))  # where one was last goes on unseen
    await _put(tabs[0], "visible")
    await expect(tabs[0].locator("#waiting")).to_have_text("5")
    await tabs[0].wait_for_selector(LIVE)
    await tabs[-1].wait_for_selector(LOST)
