"""The page from a phone to a wall, in Debian's Chromium."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, BrowserContext

from tests.browser.chromium import HOSTILE, IN_CHROMIUM, LIVE
from tests.browser.scenes import SCENES
from tests.browser.site import Site, node, overview

pytestmark = IN_CHROMIUM

OUTSIDE_ITS_CARD = """[...document.querySelectorAll('.card *:not(svg *, .unseen)')].filter(e => {
    const [inner, outer] = [e, e.closest('.card')].map(e => e.getBoundingClientRect());
    return inner.width
        && (inner.right > outer.right + 1 || inner.left < outer.left - 1 || inner.bottom > outer.bottom + 1);
}).map(e => e.outerHTML)"""
PARTS = "h1, h2, h3, .notice, .figure, .line, .note, .hour dt, .hour dd, .said div, .node, .scale, .field, .axis"
OVERLAPPING = """parts => {
    const shown = [...document.querySelectorAll(parts)]
        .map(e => [e, e.getBoundingClientRect()]).filter(([e, r]) => r.width && r.height);
    return shown.flatMap(([a, r], i) => shown.slice(i + 1).filter(([b, s]) => !a.contains(b)
        && Math.min(r.right, s.right) - Math.max(r.left, s.left) > 1
        && Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) > 4).map(([b]) => [a.outerHTML, b.outerHTML]));
}"""


async def test_nothing_has_to_be_scrolled_sideways(visitor: BrowserContext, site: Site) -> None:
    names = [node(name, "busy", reason="x" * 300) for name in HOSTILE]
    site.now = overview(*names, waiting=9999, max_size=10_000)
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    outside = """width => [...document.querySelectorAll('main *')]
        .filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML)"""
    for width in (360, 768, 1400, 3840):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.evaluate(outside, width) == []


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("name", SCENES)
async def test_nothing_is_cut_off_or_covers_anything_else(browser: Browser, site: Site, name: str, locale: str) -> None:
    site.now, site.hour = SCENES[name].now, SCENES[name].hour
    page = await (await browser.new_context(locale=locale)).new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    for width in (320, 360, 500, 768, 1024, 1280, 1920, 3840):
        await page.set_viewport_size({"width": width, "height": width * 9 // 16})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.evaluate(OUTSIDE_ITS_CARD) == [], width
        assert await page.evaluate(OVERLAPPING, PARTS) == [], width


async def test_no_card_beside_the_tiles_is_hollow(visitor: BrowserContext, site: Site) -> None:
    free = """[...document.querySelectorAll('.waiting, .means')].map(card => {
        const [outer, last] = [card, card.lastElementChild].map(e => e.getBoundingClientRect());
        return (outer.bottom - last.bottom) / outer.height;
    })"""
    page = await visitor.new_page()
    for count in (4, 7, 12, 24):
        site.now = overview(*(node(f"gpu-{i}") for i in range(count)))
        await page.goto(site.url)
        for width in (768, 1280, 1920):
            await page.set_viewport_size({"width": width, "height": width * 9 // 16})
            assert max(await page.evaluate(free)) < 0.5, (count, width)


async def test_on_paper_it_is_light_and_shows_its_colours(browser: Browser, site: Site) -> None:
    style = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).printColorAdjust]"
    page = await (await browser.new_context(color_scheme="dark")).new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    assert await page.locator("html").evaluate(style) != ["rgb(255, 255, 255)", "exact"]
    await page.emulate_media(media="print")
    assert await page.locator("html").evaluate(style) == ["rgb(255, 255, 255)", "exact"]
    assert await page.locator(".lamp").first.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (2560, 1440), (3840, 2160)])
async def test_a_wall_shows_all_of_it_at_once(browser: Browser, site: Site, width: int, height: int) -> None:
    site.now, site.hour = SCENES["busy"].now, SCENES["busy"].hour
    page = await (await browser.new_context(viewport={"width": width, "height": height}, locale="ja")).new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    assert await page.evaluate("document.documentElement.scrollHeight") <= height
