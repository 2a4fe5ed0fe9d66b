"""The operator's desk for everybody: languages, sizes, keyboard, screen readers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from llmlb.gateway.desk import Desk
from tests.browser import desk_scene
from tests.browser.axe import violations
from tests.browser.chromium import HOSTILE, IN_CHROMIUM, LIVE, listen
from tests.browser.desk_scene import able, desk, key, node, running, waiting, why
from tests.browser.desk_site import DeskSite

pytestmark = IN_CHROMIUM

SCENES = {
    "empty": desk_scene.EMPTY,
    "quiet": desk_scene.QUIET,
    "busy": desk_scene.busy(),
    "crowd": desk_scene.crowd(),
}
WIDTHS = (360, 768, 1280, 1920, 3840)
LONG = desk(
    keys=tuple(key(name, 0.5, 0.5, debt=1e9, waiting=10_000, weight=1e6) for name in HOSTILE),
    nodes=tuple(node(name, "offline", 1e9, "x" * 300, models=(name,) * 3, url="u" * 300) for name in HOSTILE),
    running=tuple(running(name, name, name, name, 1e7) for name in HOSTILE),
    waiting=tuple(
        (waiting(name, name, name, 9999, 1e6), why((name, 2), nodes=(able(name, key=name, reason=name),)))
        for name in HOSTILE
    ),
)


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[DeskSite]:
    site = DeskSite()
    await site.start()
    yield site
    await site.stop()


async def seen(browser: Browser, site: DeskSite, now: Desk, **context: Any) -> Page:
    """The desk as it is now, live, in a browser like this."""
    site.now = now
    operator = await browser.new_context(**context)
    await site.sign_in(operator)
    page = await operator.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    return page


async def test_nothing_has_to_be_scrolled_sideways(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, LONG)
    for row in await page.locator(".in-line summary").all():
        await row.click()
    outside = """width => [...document.querySelectorAll('main *:not(.unseen, .unseen *)')]
        .filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 200))"""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.evaluate(outside, width) == []


async def test_no_figure_is_wider_than_its_place(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, desk_scene.busy(), locale="ja-JP")
    overflowing = """() => [...document.querySelectorAll('main :is(td, th, dd, dt, span, p, h3)')].filter(e =>
        e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline'
        && !e.closest('.unseen, thead') && getComputedStyle(e).clipPath === 'none')
        .map(e => e.outerHTML.slice(0, 200))"""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate(overflowing) == [], width


async def test_columns_stay_where_they_are_whatever_is_in_service(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, desk_scene.busy(), locale="en-GB", viewport={"width": 1024, "height": 900})
    places = "() => [...document.querySelectorAll('.running thead th')].map(e => e.getBoundingClientRect().left)"
    before = await page.evaluate(places)
    site.now = desk(running=(running("a" * 40, "b" * 40, "c" * 40, "d" * 40, 754.0, "serving"),))
    await expect(page.locator(".running tbody")).to_contain_text("12 min 34 s")
    assert await page.evaluate(places) == before
    lines = "() => document.querySelector('.running .time').getClientRects().length"
    assert await page.evaluate(lines) == 1


async def test_the_bar_at_the_top_is_one_line_from_a_tablet_on(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, desk_scene.QUIET, locale="en-GB", viewport={"width": 768, "height": 900})
    tops = "() => [...document.querySelectorAll('.mark, .language')].map(e => e.getBoundingClientRect().top)"
    first, last = await page.evaluate(tops)
    assert abs(first - last) < 20


@pytest.mark.parametrize(
    ("scene", "locale", "scheme", "width"),
    [
        ("empty", "ja-JP", "light", 1400),
        ("quiet", "en-GB", "dark", 360),
        ("busy", "ja-JP", "light", 1400),
        ("busy", "ja-JP", "light", 360),
        ("busy", "en-GB", "dark", 1400),
        ("busy", "en-GB", "dark", 360),
        ("crowd", "en-GB", "light", 1400),
    ],
)
async def test_axe_finds_nothing(
    browser: Browser, site: DeskSite, scene: str, locale: str, scheme: Any, width: int
) -> None:
    size = {"width": width, "height": 900}
    page = await seen(browser, site, SCENES[scene], locale=locale, color_scheme=scheme, viewport=size)
    for row in (await page.locator(".in-line summary").all())[:2]:
        await row.click()
    assert await violations(page) == []


async def test_axe_finds_nothing_where_a_request_was_looked_for_in_vain(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, desk_scene.busy(), locale="ja-JP")
    await page.get_by_role("searchbox").fill("x")
    await expect(page.locator(".found")).to_contain_text("「x」に当てはまるリクエストは")
    assert await violations(page) == []


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("ja-JP", ["運用デスク", "待機中", "処理中", "ノード時間の割合", "取り分", "切り離す", "接続を拒否されました"]),
        ("en-GB", ["Desk", "Waiting", "In service", "Share of node time", "due", "Drain", "connection refused"]),
    ],
)
async def test_it_speaks_the_operators_language_also_once_live(
    browser: Browser, site: DeskSite, locale: str, words: list[str]
) -> None:
    page = await seen(browser, site, desk_scene.busy(), locale=locale)
    site.now = attrs.evolve(desk_scene.busy(7), keys_more=3)
    await expect(page.locator("#keys")).to_contain_text("3")
    for word in words:
        await expect(page.locator("main")).to_contain_text(word)
    await page.get_by_role("link", name="English" if locale == "ja-JP" else "日本語").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Desk" if locale == "ja-JP" else "運用デスク")
    await page.wait_for_selector(LIVE)


async def test_all_of_it_can_be_done_by_keyboard(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, desk_scene.busy(), locale="en-GB")
    said = listen(page)
    reached = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        reached.append(
            await page.evaluate(
                """() => { const one = document.activeElement, shape = getComputedStyle(one);
                return [one.tagName, one.closest('[data-row]')?.dataset.row ?? one.textContent.trim(),
                        shape.outlineStyle !== 'none'] }"""
            )
        )
        if reached[-1][:2] == ["SUMMARY", "7f0c2a91d4"]:
            await page.keyboard.press("Space")
            await expect(page.get_by_text("It is next: nobody is before it.").first).to_be_visible()
        if reached[-1][:2] == ["BUTTON", "gpu-1"]:
            break
    places = [(tag, what) for tag, what, _ in reached]
    for place in [("A", "Requests"), ("A", "Keys"), ("A", "Nodes"), ("INPUT", ""), ("BUTTON", "Find")]:
        assert place in places
    assert [what for tag, what in places if tag == "SUMMARY"] == [view.id for view, _ in site.now.waiting]
    assert places[-1] == ("BUTTON", "gpu-1")
    assert [what for tag, what, visible in reached if not visible] == []
    assert said == []


async def test_a_screen_reader_finds_its_way(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, desk_scene.busy(), locale="en-GB")
    for region in ("Requests", "Keys past hour", "Nodes past hour"):
        await expect(page.get_by_role("region", name=region, exact=True)).to_be_visible()
    alice = page.get_by_role("table", name="Keys").get_by_role("row", name="alice")
    await expect(alice.get_by_role("rowheader")).to_have_text("alice")
    await expect(alice.get_by_role("cell")).to_have_count(9)
    row = page.locator(".in-line summary").first
    for label in ("Place", "Request id", "Key", "Expected", "Why is it waiting?"):
        await expect(row).to_contain_text(label)
    # Numbers change all the time: only notices, the connection, and what was looked for are read out.
    assert await page.locator("[role=status], [aria-live]").count() == 3


async def test_what_has_the_focus_is_not_below_the_bar_that_stays(browser: Browser, site: DeskSite) -> None:
    page = await seen(browser, site, desk_scene.busy(), viewport={"width": 1280, "height": 420})
    await page.locator(".machine button").last.focus()
    hidden = """() => { const bar = document.querySelector('.sections').getBoundingClientRect()
        return document.activeElement.getBoundingClientRect().top < bar.bottom - 1
            && !document.activeElement.closest('.sections, header') }"""
    for _ in range(20):
        await page.keyboard.press("Shift+Tab")
        assert not await page.evaluate(hidden)
    for section in ("#keys", "#requests", "#nodes"):
        await page.locator(f".sections a[href='{section}']").click()
        await page.wait_for_function(
            """section => { const [whole, head] = [section, section + ' h2']
                .map(place => document.querySelector(place).getBoundingClientRect().top)
            return whole >= 0 && head > 50 && head < innerHeight && location.hash === section }""",
            arg=section,
        )
