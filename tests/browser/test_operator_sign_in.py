"""Signing in and out as the operator does it, in Debian's Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import attrs
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from llmlb.app import ConfigFile, Running, running
from llmlb.config.load import load
from llmlb.config.model import Config, Operator, Server
from tests.browser.axe import violations
from tests.browser.chromium import IN_CHROMIUM, listen
from tests.integration.browsing import OPERATOR, PASSWORD

pytestmark = IN_CHROMIUM

SIZES = [(360, 740), (1400, 900)]
STRANGER = "http://stranger.localhost/"


@attrs.frozen
class Site:
    """A gateway without nodes whose operator's password is PASSWORD."""

    running: Running

    @property
    def url(self) -> str:
        return f"{self.running.url}/operator"

    def set_password(self, password_hash: str) -> None:
        gateway = self.running.gateway
        gateway.apply(attrs.evolve(gateway.config, operator=Operator(password_hash=password_hash)))


@pytest_asyncio.fixture(loop_scope="session")
async def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr("llmlb.app.places", lambda _: ())
    file = ConfigFile(path=tmp_path / "gate.toml", loaded=load(None, {}), environ={})
    async with running(Config(server=Server(port=0, host="127.0.0.1"), operator=OPERATOR), file=file) as started:
        yield Site(started)


async def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Type the password and press Enter."""
    await page.get_by_label(re.compile("パスワード|Password")).fill(password)
    await page.keyboard.press("Enter")


async def test_in_and_out_with_nothing_but_the_keyboard(visitor: BrowserContext, gate: Site) -> None:
    page = await visitor.new_page()
    said = listen(page)
    await page.goto(gate.url)
    assert page.url == f"{gate.url}/sign-in"
    await expect(page).to_have_title("運用者のサインイン — llmlb")
    await page.keyboard.type(PASSWORD)  # the field has the focus
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="サインイン")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(gate.url)
    sign_out = page.get_by_role("button", name="サインアウト")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await sign_out.evaluate("one => one === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{gate.url}/sign-in")
    await page.go_back()
    await page.wait_for_url(f"{gate.url}/sign-in")  # nothing of what was seen is kept
    assert said == []


async def test_a_wrong_password_is_told_and_then_slowed_down(visitor: BrowserContext, gate: Site) -> None:
    page = await visitor.new_page()
    await page.goto(gate.url)
    for _ in range(3):
        await sign_in(page, "not it")
        await expect(page.get_by_role("alert")).to_have_text("パスワードが違います。")
        field = page.get_by_label("パスワード")
        await expect(field).to_be_focused()
        await expect(field).to_have_value("")
        await expect(field).to_have_accessible_description("パスワードが違います。")
    await sign_in(page)
    await expect(page.get_by_role("alert")).to_contain_text("1秒後にもう一度入力してください")
    assert await violations(page) == []


async def test_everything_works_without_scripts(browser: Browser, gate: Site) -> None:
    context = await browser.new_context(locale="en-GB", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(gate.url)
    await sign_in(page, "not it")
    await expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    await sign_in(page)
    await page.wait_for_url(gate.url)
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{gate.url}/sign-in")


async def test_a_password_manager_finds_its_way(visitor: BrowserContext, gate: Site) -> None:
    page = await visitor.new_page()
    await page.goto(gate.url)
    fields = page.locator("form[action='/operator/sign-in'] input")
    assert await fields.evaluate_all("all => all.map(one => [one.type, one.autocomplete, one.value])") == [
        ["text", "username", "operator"],
        ["password", "current-password", ""],
    ]


async def test_scripts_do_not_see_the_cookie_and_other_pages_do_not_get_it(visitor: BrowserContext, gate: Site) -> None:
    page = await visitor.new_page()
    await page.goto(gate.url)
    await sign_in(page)
    await page.wait_for_url(gate.url)
    assert await page.evaluate("document.cookie") == ""
    (cookie,) = await visitor.cookies()
    assert (cookie["name"], cookie["path"]) == ("llmlb_operator", "/operator")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    async with page.expect_request("**/static/favicon.svg") as asked:
        await page.goto(gate.running.url)
    assert "cookie" not in await (await asked.value).all_headers()


async def _show(page: str, route: Route) -> None:
    await route.fulfill(body=page, content_type="text/html")


async def test_a_page_elsewhere_cannot_sign_anybody_in_or_out(visitor: BrowserContext, gate: Site) -> None:
    page = await visitor.new_page()
    await page.goto(gate.url)
    await sign_in(page)
    await page.wait_for_url(gate.url)
    stranger = await visitor.new_page()
    forms = [
        f"<form method=post action={gate.url}/{action}><input name=password value='{PASSWORD}'><button>{action}"
        for action in ("sign-out", "sign-in")
    ]
    await stranger.route(STRANGER, partial(_show, "</form>".join(forms)))
    for action in ("sign-out", "sign-in"):
        await stranger.goto(STRANGER)
        await stranger.get_by_role("button", name=action).click()
        await expect(stranger.get_by_role("heading")).to_have_text("受け付けられませんでした")
    await page.reload()
    assert page.url == gate.url, "still signed in"


async def test_a_form_left_open_since_the_last_session_says_so(browser: Browser, gate: Site) -> None:
    """Without scripts the page does not see the session end."""
    visitor = await browser.new_context(locale="ja-JP", java_script_enabled=False)
    old = await visitor.new_page()
    await old.goto(gate.url)
    await sign_in(old)
    await old.wait_for_url(gate.url)
    new = await visitor.new_page()
    await new.goto(gate.url)
    await new.get_by_role("button", name="サインアウト").click()
    await new.wait_for_url(f"{gate.url}/sign-in")
    await sign_in(new)
    await new.wait_for_url(gate.url)
    await old.get_by_role("button", name="サインアウト").click()
    await expect(old.locator("main")).to_contain_text("前のサインインのとき")
    await old.get_by_role("link", name="English").click()
    assert old.url == f"{gate.url}?lang=en"


@pytest.mark.parametrize(("locale", "scheme"), [("ja-JP", "light"), ("en-GB", "dark")])
async def test_every_size_language_and_light_is_accessible_and_fits(
    browser: Browser, gate: Site, locale: str, scheme: str
) -> None:
    context = await browser.new_context(locale=locale, color_scheme=scheme)  # type: ignore[arg-type]
    page = await context.new_page()
    said = listen(page)
    for password_hash in (OPERATOR.password_hash, ""):
        gate.set_password(password_hash)
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto(gate.url)
            title = page.get_by_role("heading", level=1)
            await expect(title).to_be_in_viewport()
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await violations(page) == []
        await expect(title).to_contain_text(
            re.compile("[ぁ-ん]") if locale == "ja-JP" else re.compile("operator", re.IGNORECASE)
        )
    assert said == []


async def test_without_a_password_it_says_how_to_set_one(visitor: BrowserContext, gate: Site) -> None:
    gate.set_password("")
    page = await visitor.new_page()
    await page.goto(gate.url)
    await expect(page.locator("code")).to_have_text("llmlb operator set-password --config FILE")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The operator's part is off")
