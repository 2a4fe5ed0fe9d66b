"""The page as a visitor sees it, in Debian's Chromium."""

from __future__ import annotations

import re
from typing import Any, cast

import attrs
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from llmlb.web import dashboard
from llmlb.web.panel import MOST_TILES
from tests.browser.axe import violations
from tests.browser.chromium import HOSTILE, IN_CHROMIUM, LIVE, LOST, listen
from tests.browser.site import BUSY, Site, node, overview

pytestmark = IN_CHROMIUM


async def test_the_first_paint_needs_no_javascript(browser: Browser, site: Site) -> None:
    context = await browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(site.url)
    await expect(page.get_by_role("heading", level=1)).to_have_text("キュー状態")
    await expect(page.locator("#waiting")).to_have_text("37")
    await expect(page.locator("#processing")).to_have_text("1")
    await expect(page.locator("#avg-wait")).to_have_text(re.compile(r"1\s*分\s*11\s*秒"))
    await expect(page.locator("#nodes > li")).to_have_count(2)
    await expect(page.locator("#link")).to_have_text("読み込み時点の表示")
    await expect(page.get_by_role("link", name="再読み込み")).to_be_visible()
    fill = await page.locator("#fill").bounding_box()
    assert fill is not None
    assert fill["width"] > 0


async def test_a_change_is_on_the_page_within_a_second(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    site.now = overview(node("gpu-1"), node("gpu-3", "busy"), waiting=38)
    await expect(page.locator("#waiting")).to_have_text("38", timeout=1000)
    await expect(page.locator("#nodes [data-node=name]")).to_have_text(["gpu-1", "gpu-3"])
    await expect(page.locator("#nodes [data-node=in_service]")).to_have_text(["0", "1"])
    await expect(page).to_have_title(re.compile("待機 38"))


async def test_trouble_is_said_with_what_to_do_and_goes_away(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    notices = page.locator("#notices")
    await expect(notices).to_contain_text("順調です。")
    for now, words in [
        (overview(), "[[nodes]]"),
        (overview(node("gpu-1", "offline")), "すべてのノードがオフライン"),
        (overview(node("gpu-1", "busy"), waiting=100), "キューが満杯"),
        (overview(node("gpu-1", "busy"), waiting=7), "順番待ちがあります。"),
        (BUSY, "順調です。"),
    ]:
        site.now = now
        await expect(notices).to_contain_text(words)
        await expect(page.locator(".notice")).to_have_count(1)
    await expect(notices).to_have_attribute("role", "status")


async def test_several_troubles_are_said_one_below_the_other(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    levels = "[...document.querySelectorAll('.notice')].map(e => e.dataset.level)"
    assert await page.evaluate(levels) == ["good"]
    nodes = (node("gpu-1", "busy"), node("gpu-2", "offline"), node("gpu-3", "draining", "drained by the operator"))
    site.now = attrs.evolve(overview(*nodes), config_refused=True)
    notices = page.locator(".notice")
    await expect(notices.nth(0)).to_contain_text("llmlb check")
    await expect(notices.nth(1)).to_contain_text("オフラインのノード: gpu-2")
    await expect(notices.nth(2)).to_contain_text("切り離し中のノード: gpu-3")
    assert await page.evaluate(levels) == ["warning", "warning", "info"]
    tops = "[...document.querySelectorAll('.notice')].map(e => e.getBoundingClientRect().top)"
    places = await page.evaluate(tops)
    assert places == sorted(set(places))
    site.now = overview(node("gpu-1"))
    await expect(notices).to_have_count(1)
    await expect(notices).to_contain_text("順調です。")
    assert await page.evaluate(levels) == ["good"]


@pytest.mark.parametrize(
    ("locale", "label", "reason"),
    [("ja-JP", "切り離し中", "運用者が切り離しました"), ("en-GB", "Draining", "drained by the operator")],
)
async def test_a_draining_node_says_so_and_what_it_still_has(
    browser: Browser, site: Site, locale: str, label: str, reason: str
) -> None:
    page = await (await browser.new_context(locale=locale)).new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    site.now = overview(attrs.evolve(node("gpu-1", "draining", "drained by the operator"), in_service=1), node("gpu-2"))
    tile = page.locator("#nodes > li").first
    await expect(tile.locator("[data-node=label]")).to_have_text(label)
    await expect(tile.locator("[data-node=reason]")).to_have_text(reason)
    await expect(tile.locator("[data-node=in_service]")).to_have_text("1")


async def test_a_thousand_nodes_are_counted_by_state_and_those_to_look_after_have_a_tile(
    visitor: BrowserContext, site: Site
) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    await expect(page.locator("#states")).to_be_hidden()
    await expect(page.locator("#nodes-more")).to_be_hidden()
    site.now = overview(*(node(f"gpu-{i}", "busy" if i % 2 else "idle") for i in range(999)), node("last", "offline"))
    await expect(page.locator("#nodes > li")).to_have_count(MOST_TILES)
    await expect(page.locator("#nodes > li").first).to_contain_text("last")
    await expect(page.locator("#states > li")).to_have_text(["オフライン 1", "処理中 499", "空き 500"])
    await expect(page.locator("#nodes-more")).to_contain_text("900 台")
    means, serving = await page.locator(".means").bounding_box(), await page.locator(".serving").bounding_box()
    assert means is not None
    assert serving is not None
    assert means["y"] + means["height"] <= serving["y"], "the figures of the past hour are below all tiles"
    site.now = BUSY
    await expect(page.locator("#nodes-more")).to_be_hidden()


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


@pytest.mark.parametrize(
    ("locale", "language", "words"),
    [
        ("ja-JP", "ja", ["キュー状態", "待機中", "処理中", "平均待機時間", "ライブ", "空き"]),
        ("en-GB", "en", ["Queue", "Waiting", "In service", "Mean wait", "Live", "Free"]),
        ("de-DE", "ja", ["キュー状態"]),
    ],
)
async def test_it_speaks_the_visitors_language_also_once_live(
    browser: Browser, site: Site, locale: str, language: str, words: list[str]
) -> None:
    context = await browser.new_context(locale=locale)
    page = await context.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    assert await page.evaluate("document.documentElement.lang") == language
    for word in words:
        await expect(page.locator("body")).to_contain_text(word)


async def test_the_language_can_be_switched_by_keyboard(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Queue")
    await page.wait_for_selector(LIVE)


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_wrong(browser: Browser, site: Site, width: int, scheme: Any) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    assert await violations(page) == []


@pytest.mark.parametrize("width", [360, 768, 1400, 3840])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_has_to_be_scrolled_sideways(browser: Browser, site: Site, width: int, scheme: Any) -> None:
    names = [node(name, "busy", reason="x" * 300) for name in HOSTILE]
    site.now = overview(*names, waiting=9999, max_size=10_000)
    context = await browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await context.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    outside = """width => [...document.querySelectorAll('main *')]
        .filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML)"""
    assert await page.evaluate(outside, width) == []


@pytest.mark.parametrize("script", [True, False])
async def test_hostile_names_are_text(browser: Browser, site: Site, script: bool) -> None:
    site.now = overview(*(node(name, "offline", reason=name) for name in HOSTILE), node("gpu-1"))
    context = await browser.new_context(java_script_enabled=script, locale="en")
    page = await context.new_page()
    said = listen(page)
    await page.goto(site.url)
    if script:
        await page.wait_for_selector(LIVE)
        # Once more from an event, and all tiles anew.
        site.now = overview(*(node(name, "idle", reason=name) for name in reversed(HOSTILE)))
        await expect(page.locator("#nodes > li")).to_have_count(len(HOSTILE))
    shown = await page.locator("#nodes [data-node=name]").all_text_contents()
    assert set(shown) >= {name.replace("\u202e", "\\u202e") for name in HOSTILE}
    assert await page.locator("main img, main script, main b").count() == 0
    assert await page.title() != "owned"
    assert said == []


async def test_the_console_stays_clean(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    said = listen(page)
    failed: list[str] = []
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    for waiting in (1, 2, 3):
        site.now = overview(node("gpu-1", "busy"), node(f"gpu-{waiting}"), waiting=waiting)
        await expect(page.locator("#waiting")).to_have_text(str(waiting))
    assert said == []
    assert failed == []


async def test_a_screen_reader_finds_its_way(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    for landmark in ("banner", "main"):
        await expect(page.get_by_role(cast(Any, landmark))).to_be_visible()
    for region in ("待機中", "処理中", "平均待機時間 過去1時間"):
        await expect(page.get_by_role("region", name=region, exact=True)).to_be_visible()
    await expect(page.get_by_role("listitem").first).to_contain_text("処理中のリクエスト: 1 件")
    # Numbers change all the time: only the notice and the connection are read out.
    assert await page.locator("[role=status], [aria-live]").count() == 2


async def test_tiles_stay_the_same_elements_while_they_change(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    await page.evaluate("document.querySelector('#nodes > li').dataset.mine = 'yes'")
    site.now = overview(node("gpu-0"), node("gpu-1", "offline"), waiting=1)
    await expect(page.locator("#nodes > li[data-mine]")).to_contain_text("オフライン")
    await expect(page.locator("#nodes [data-node=name]")).to_have_text(["gpu-0", "gpu-1"])
