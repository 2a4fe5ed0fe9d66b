"""Takes the pictures in the README again, the same each time: `python -m tests.browser.pictures [page] [operator]`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, BrowserContext, FloatRect, Page, async_playwright

from tests.browser.chromium import ARGS, CHROMIUM, LIVE
from tests.browser.desk_site import DeskSite
from tests.browser.scenes import BUSY
from tests.browser.site import Site

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH, HEIGHT, SCALE = 1280, 800, 1.5
MARGIN = 24
"""Below what a picture ends with."""

_SCHEMES: Mapping[str, Literal["light", "dark"]] = {"": "light", "-dark": "dark"}
_LOCALES = {"": "en", ".ja": "ja"}

Prepare = Callable[[BrowserContext], Awaitable[None]]
Show = Callable[[Page], Awaitable[None]]


async def take(
    browser: Browser,
    name: str,
    url: str,
    prepare: Prepare | None = None,
    show: Show | None = None,
    end: str = "main",
    width: int = WIDTH,
) -> None:
    """The page at `url`, light and dark, in both languages, as `NAME[-dark][.ja].png`.

    `show`: what is done on the page before. `end`: what the picture ends with. `width`: of the window; the pictures
    have the same width whatever it is.
    """
    for dark, scheme in _SCHEMES.items():
        for language, locale in _LOCALES.items():
            context = await browser.new_context(
                viewport={"width": width, "height": HEIGHT},
                device_scale_factor=SCALE * WIDTH / width,
                color_scheme=scheme,
                locale=locale,
                reduced_motion="reduce",
            )
            if prepare is not None:
                await prepare(context)
            page = await context.new_page()
            await page.goto(url)
            await page.wait_for_selector(LIVE)
            if show is not None:
                await show(page)
            below = "end => document.querySelector(end).getBoundingClientRect().bottom + scrollY"
            bottom = float(await page.evaluate(below, end))
            clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": max(HEIGHT, bottom + MARGIN)}
            await page.screenshot(path=IMAGES / f"{name}{dark}{language}.png", full_page=True, clip=clip)
            await context.close()


async def page(browser: Browser) -> None:
    """The public page in a rush."""
    site = Site(now=BUSY.now, hour=BUSY.hour)
    await site.start()
    await take(browser, "page", site.url)
    await site.stop()


async def operator(browser: Browser) -> None:
    """The operator's desk of a busy afternoon, with the reason why somebody waits."""

    async def show(page: Page) -> None:
        await page.locator(".in-line summary").nth(2).click()
        await page.evaluate("scrollTo(0, 0)")

    site = DeskSite()
    await site.start()
    await take(browser, "operator", site.url, site.sign_in, show, end=".machine:nth-child(3)", width=1600)
    await site.stop()


PICTURES: Mapping[str, Callable[[Browser], Awaitable[None]]] = {"page": page, "operator": operator}


async def main(names: list[str]) -> None:
    """Take those that are named, or all."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for name in names or PICTURES:
            await PICTURES[name](browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
