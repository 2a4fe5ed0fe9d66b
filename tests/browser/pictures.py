"""Takes the pictures in the README again: `python -m tests.browser.pictures [page]`. They are the same each time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.browser.chromium import ARGS, CHROMIUM, LIVE
from tests.browser.scenes import BUSY
from tests.browser.site import Site

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH, HEIGHT, SCALE = 1280, 800, 1.5

_SCHEMES: Mapping[str, Literal["light", "dark"]] = {"": "light", "-dark": "dark"}
_LOCALES = {"": "en", ".ja": "ja"}

Prepare = Callable[[BrowserContext], Awaitable[None]]


async def take(browser: Browser, name: str, url: str, prepare: Prepare | None = None) -> None:
    """The whole page at `url`, light and dark, in both languages, as `NAME[-dark][.ja].png`."""
    for dark, scheme in _SCHEMES.items():
        for language, locale in _LOCALES.items():
            context = await browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT},
                device_scale_factor=SCALE,
                color_scheme=scheme,
                locale=locale,
                reduced_motion="reduce",
            )
            if prepare is not None:
                await prepare(context)
            page = await context.new_page()
            await page.goto(url)
            await page.wait_for_selector(LIVE)
            await page.screenshot(path=IMAGES / f"{name}{dark}{language}.png", full_page=True)
            await context.close()


async def page(browser: Browser) -> None:
    """The public page in a rush."""
    site = Site(now=BUSY.now, hour=BUSY.hour)
    await site.start()
    await take(browser, "page", site.url)
    await site.stop()


PICTURES: Mapping[str, Callable[[Browser], Awaitable[None]]] = {"page": page}


async def main(names: list[str]) -> None:
    """Take those that are named, or all."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for name in names or PICTURES:
            await PICTURES[name](browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
