"""The page for those who speak another language, use no mouse, or do not see it, in Debian's Chromium."""

from __future__ import annotations

from typing import Any, Literal, cast

import attrs
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.browser.axe import violations
from tests.browser.chromium import IN_CHROMIUM, LIVE, LOST
from tests.browser.scenes import SCENES
from tests.browser.site import Site, node, overview

pytestmark = IN_CHROMIUM

Scheme = Literal["light", "dark"]
SETTLED = "Promise.all(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished))"


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
    await page.goto(site.url)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Queue")  # remembered


async def test_a_screen_reader_finds_its_way(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    for landmark in ("banner", "main"):
        await expect(page.get_by_role(cast(Any, landmark))).to_be_visible()
    for region in ("待機中", "処理中", "平均待機時間 過去1時間"):
        await expect(page.get_by_role("region", name=region, exact=True)).to_be_visible()
    await expect(page.get_by_role("listitem").first).to_contain_text("処理中のリクエスト: 1件")
    # Numbers change all the time: only the notice and the connection are read out.
    assert await page.locator("[role=status], [aria-live]").count() == 2


async def test_what_changes_with_every_request_is_not_read_out(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    notices = page.locator("#notices")
    for now, words, live in [
        (overview(node("gpu-1")), "すぐに処理されます", "off"),
        (overview(node("gpu-1", "busy")), "次のリクエスト", "off"),
        (overview(node("gpu-1", "busy"), waiting=7), "順番待ち", "off"),
        (overview(node("gpu-1", "offline")), "オフライン", "polite"),
        (overview(node("gpu-1")), "すぐに処理されます", "polite"),
        (overview(node("gpu-1", "busy")), "次のリクエスト", "off"),
    ]:
        site.now = now
        await expect(notices).to_contain_text(words)
        await expect(notices).to_have_attribute("aria-live", live)


@pytest.mark.parametrize(("locale", "on_a_phone", "on_a_desk"), [("ja", "light", "dark"), ("en", "dark", "light")])
@pytest.mark.parametrize("name", SCENES)
async def test_axe_finds_nothing_wrong(
    browser: Browser, site: Site, name: str, locale: str, on_a_phone: Scheme, on_a_desk: Scheme
) -> None:
    site.now, site.hour = SCENES[name].now, SCENES[name].hour
    page = await (await browser.new_context(locale=locale)).new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    for width, scheme in ((360, on_a_phone), (1400, on_a_desk)):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page) == [], width


async def test_axe_finds_nothing_wrong_while_the_connection_is_lost(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    await site.stop()
    await page.wait_for_selector(LOST)
    await page.evaluate(SETTLED)
    assert await violations(page) == []


async def test_all_there_is_to_do_can_be_reached_and_is_seen_by_keyboard(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    reached = []
    for _ in range(await page.locator("a, button, input, select, summary, [tabindex]").count()):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.textContent"))
        ring = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"
    assert reached == ["運用者向け", "English"]


async def test_each_drawing_is_told_in_words(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    await expect(page.get_by_role("region", name="過去1時間", exact=True)).to_be_visible()
    for words in ("待機中（最大） 40（32分前）", "9割（p90） 48秒以内", "完了 1,443"):
        await expect(page.get_by_role("img", name=words)).to_be_visible()


async def test_nothing_moves_for_those_who_want_it_still(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    site.now = overview(node("gpu-1", "busy"), node("gpu-2", "busy"), waiting=90)
    await expect(page.locator("#waiting")).to_have_text("90")
    assert await page.evaluate("document.getAnimations().length") == 0


async def test_nothing_moves_all_the_time_in_a_hall_of_nodes(visitor: BrowserContext, site: Site) -> None:
    moving = "document.getAnimations().length"
    page = await visitor.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    assert await page.evaluate(moving) == 1  # a lamp breathes: somebody is served
    many = SCENES["many"].now
    site.now = many
    await expect(page.locator("#nodes > li")).to_have_count(100)
    assert await page.evaluate(moving) == 0
    site.now = attrs.evolve(many, waiting=5678)
    await expect(page.locator("#waiting")).to_have_text("5,678")
    assert await page.evaluate(moving) == 0


async def test_chosen_colours_keep_what_is_taken_apart_from_what_is_free(visitor: BrowserContext, site: Site) -> None:
    page = await visitor.new_page()
    await page.emulate_media(forced_colors="active")
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    fills = "[...document.querySelectorAll('.line rect')].map(e => getComputedStyle(e).fill)"
    assert len(set(await page.evaluate(fills))) == 2
    lamps = "[...document.querySelectorAll('.node .lamp')].map(e => getComputedStyle(e).backgroundColor)"
    assert len(set(await page.evaluate(lamps))) == 2
    # two outcomes have to share a colour; and gradients, of which the lines of a scale are made, would be left out
    strokes = "[...document.querySelectorAll('.plot[data-plot=outcomes] .marks path')].map(e => getComputedStyle(e))"
    told_by = f"{strokes}.map(style => style.stroke + style.strokeDasharray)"
    assert len(set(await page.evaluate(told_by))) == 5
    assert "gradient" in await page.locator(".field").first.evaluate("e => getComputedStyle(e).backgroundImage")
