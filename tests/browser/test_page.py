"""The page as a visitor sees it, in Debian's Chromium."""

from __future__ import annotations

import re

import attrs
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from llmlb.telemetry.timeline import Step
from llmlb.web.panel import MOST_TILES
from tests.browser import hours
from tests.browser.chromium import HOSTILE, IN_CHROMIUM, LIVE, listen
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
    for words, drawn in (("待機中と処理中", 3), ("待機時間、", 3), ("結果", 2)):  # of five outcomes, two occurred
        picture = page.get_by_role("img", name=words)
        await expect(picture).to_be_visible()
        await expect(picture.locator('.marks path:not([d=""])')).to_have_count(drawn)
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


async def test_a_change_of_the_past_hour_is_drawn_within_a_second(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    site.hour = (*site.hour[1:], Step(most_waiting=61, waiting=60.0, outcomes=hours.outcomes(failed=7)))
    await expect(page.locator('.said [data-series="waiting"]')).to_contain_text("61 たった今", timeout=1000)
    await expect(page.locator('.plot[data-plot="waiting"] [data-scale="top"]')).to_have_text("80")
    await expect(page.locator('.said [data-series="failed"]')).to_contain_text("7")
    await expect(page.locator('.marks [data-series="failed"]')).to_have_attribute("d", re.compile(r"^M119\.5 "))


async def test_an_event_draws_the_very_same_as_the_first_paint(visitor: BrowserContext, site: Site) -> None:
    painted = "document.querySelector('.past').outerHTML.replaceAll(/>\\s+</g, '><')"
    page = await visitor.new_page()
    site.hour = hours.quiet()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    quiet = await page.evaluate(painted)
    for other in (hours.troubled(), hours.NEVER, hours.EMPTY):
        site.hour = other
        await page.wait_for_function(f"before => {painted} !== before", arg=await page.evaluate(painted))
        late = await visitor.new_page()
        await late.goto(site.url)
        assert await late.evaluate(painted) == await page.evaluate(painted)
        assert await page.evaluate(painted) != quiet


async def test_an_hour_without_anything_says_so(visitor: BrowserContext, site: Site) -> None:
    site.hour = hours.EMPTY
    page = await visitor.new_page()
    await page.goto(site.url)
    await expect(page.locator(".nothing")).to_have_text(["まだデータがありません"] * 3)
    site.hour = hours.busy()
    await expect(page.locator(".nothing").first).to_be_hidden()


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
    await expect(page.locator("#nodes-more")).to_contain_text("900台")
    means, serving = await page.locator(".means").bounding_box(), await page.locator(".serving").bounding_box()
    assert means is not None
    assert serving is not None
    assert means["y"] + means["height"] <= serving["y"], "the figures of the past hour are below all tiles"
    site.now = BUSY
    await expect(page.locator("#nodes-more")).to_be_hidden()


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


async def test_tiles_stay_the_same_elements_while_they_change(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    await page.evaluate("document.querySelector('#nodes > li').dataset.mine = 'yes'")
    site.now = overview(node("gpu-0"), node("gpu-1", "offline"), waiting=1)
    await expect(page.locator("#nodes > li[data-mine]")).to_contain_text("オフライン")
    await expect(page.locator("#nodes [data-node=name]")).to_have_text(["gpu-0", "gpu-1"])
