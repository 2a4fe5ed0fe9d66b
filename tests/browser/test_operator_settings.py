"""Settings changed on the operator's page, in Debian's Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from llmlb.web.operator.settings_places import row_id
from tests.browser.axe import violations
from tests.browser.chromium import HOSTILE, IN_CHROMIUM, listen
from tests.integration.browsing import PASSWORD
from tests.integration.tuning import FILE, SETTINGS, Tuning, tuning

pytestmark = IN_CHROMIUM

SIZES = [(360, 740), (768, 1024), (1400, 900)]
WEIGHT = f"key.{row_id('alice')}.weight"
NODE = '\n[[nodes]]\nname = "gpu-1"\nurl = "http://127.0.0.1:9"\n'


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tuning]:
    """A gateway with the file of the tests of settings, one of which the environment holds."""
    monkeypatch.setattr("llmlb.app.places", lambda _: ())
    async with tuning(tmp_path / "config.toml", FILE + NODE, {"LLMLB_FAIRNESS_QUANTUM": "3"}) as one:
        yield one


async def enter(context: BrowserContext, desk: Tuning) -> Page:
    """The page of settings, signed in."""
    page = await context.new_page()
    await page.goto(f"{desk.gateway.url}/operator/sign-in")
    await page.get_by_label(re.compile("パスワード|Password")).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{desk.gateway.url}/operator")
    await page.goto(desk.gateway.url + SETTINGS)
    return page


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_change_goes_round_and_the_file_keeps_its_comments(
    browser: Browser, desk: Tuning, scripts: bool
) -> None:
    page = await enter(await browser.new_context(locale="ja-JP", java_script_enabled=scripts), desk)
    said = listen(page)
    await page.get_by_label("待機できる数").fill("200")
    await page.get_by_label("満杯のとき拒否する相手").select_option(label="待機が最も多いキーの最後のリクエスト")
    await page.get_by_label("alice の重み").fill("3")
    if scripts:
        await expect(page.locator("#touched")).to_have_text("3か所を変更中")
        await expect(page.locator(".touched")).to_have_count(3)
    await page.get_by_role("button", name="変更を確認する").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("変更の確認")
    rows = page.locator("table.difference tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("[queue] max_size = 200")
    await expect(page.locator(".effects .grave")).to_contain_text("429で拒否されることがあります")
    assert desk.file.read_text() == FILE + NODE
    await page.get_by_role("button", name="書き込んで反映する").click()
    await expect(page.get_by_role("status").first).to_contain_text("反映しました。")
    await expect(page.get_by_label("待機できる数")).to_have_value("200")
    await expect(page.locator(".change-log tbody tr").first).to_contain_text("運用者のページ（127.0.0.1）")
    text = (FILE + NODE).replace("max_size = 100   # more than this makes people angry\n",
        'max_size = 200   # more than this makes people angry\nwhen_full = "push_out"\n')  # fmt: skip
    assert desk.file.read_text() == text.replace("weight = 2", "weight = 3")
    assert desk.gateway.gateway.config.queue.max_size == 200
    await page.reload()
    await expect(page.locator(".flash")).to_have_count(0)
    assert said == []


async def test_wrong_values_are_told_at_their_fields(visitor: BrowserContext, desk: Tuning) -> None:
    page = await enter(visitor, desk)
    await page.get_by_label("待機できる数").fill("たくさん")
    await page.get_by_label("alice の重み").fill("1000")
    await page.get_by_role("button", name="変更を確認する").click()
    await expect(page.get_by_role("alert")).to_contain_text("確認が必要な値が2か所あります。")
    field = page.get_by_label("待機できる数")
    await expect(field).to_have_value("たくさん")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_accessible_description(re.compile("1から10000までの整数を指定してください"))
    await expect(page.get_by_label("alice の重み")).to_have_accessible_description(
        re.compile("0.01から100までの数を指定してください")
    )
    assert await violations(page) == []


async def test_a_file_changed_meanwhile_is_told_with_both_values(visitor: BrowserContext, desk: Tuning) -> None:
    page = await enter(visitor, desk)
    await page.get_by_label("待機できる数").fill("200")
    await page.get_by_role("button", name="変更を確認する").click()
    theirs = desk.file.read_text().replace("max_size = 100", "max_size = 150")
    desk.file.write_text(theirs)
    await page.get_by_role("button", name="書き込んで反映する").click()
    await expect(page.get_by_role("alert")).to_contain_text("この画面を開いている間に、設定ファイルが変更されました。")
    await expect(page.get_by_label("待機できる数")).to_have_value("200")
    await expect(page.locator("main")).to_contain_text("その間に 100 から 150 に変更されました。")
    assert desk.file.read_text() == theirs
    assert await violations(page) == []
    await page.get_by_role("button", name="変更を確認する").click()
    await page.get_by_role("button", name="書き込んで反映する").click()
    await expect(page.get_by_role("status").first).to_contain_text("反映しました。")
    assert desk.file.read_text() == theirs.replace("max_size = 150", "max_size = 200")


async def test_all_of_it_by_keyboard(browser: Browser, desk: Tuning) -> None:
    page = await enter(await browser.new_context(locale="en-GB", viewport={"width": 1000, "height": 500}), desk)

    async def go_to(name: str) -> None:
        for _ in range(60):
            await page.keyboard.press("Tab")
            at = page.locator(":focus")
            if not await at.count():
                continue  # the browser's own bar
            if name in (await at.get_attribute("name"), (await at.inner_text()).strip()):
                bar = page.locator(".send")
                if await bar.count() and not await at.evaluate("one => one.closest('.send') !== null"):
                    here, below = await at.bounding_box(), await bar.bounding_box()
                    assert here is not None
                    assert below is not None
                    assert here["y"] + here["height"] <= below["y"], "the bar hides what has the focus"
                return
        raise AssertionError(f"no way to {name}")

    await go_to("queue.max_size")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("200")
    await go_to("queue.enable_fairness")
    await page.keyboard.press("ArrowDown")
    await go_to("Review changes")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Review the changes")
    await go_to("Back to the form")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Most that may wait")).to_have_value("200")
    await page.get_by_label("Most that may wait").focus()
    await page.keyboard.press("Enter")  # sends the form, as everywhere
    await expect(page.get_by_role("heading", level=1)).to_have_text("Review the changes")
    await go_to("Write and apply")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("Applied.")
    assert desk.gateway.gateway.config.queue.max_size == 200
    assert not desk.gateway.gateway.config.queue.enable_fairness


async def test_keys_are_found_while_one_types(visitor: BrowserContext, desk: Tuning) -> None:
    page = await enter(visitor, desk)
    rows = page.locator(".key-settings tbody tr:visible")
    await expect(rows).to_have_count(2)
    await page.get_by_label("bob の重み").fill("9")
    await page.get_by_label("名前で探す").fill("AL")
    await expect(rows).to_have_count(2)  # one of them was touched, and is not to be sent unseen
    await page.get_by_label("bob の重み").fill("1")
    await page.get_by_label("名前で探す").fill("ALI")
    await expect(rows).to_have_count(1)
    await expect(page.locator("#found")).to_have_text("1件")
    await page.keyboard.press("Enter")
    assert page.url.endswith(SETTINGS), "nothing is asked for: all keys are here"


async def test_what_has_been_typed_is_kept_while_other_keys_are_asked_for(
    visitor: BrowserContext, desk: Tuning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmlb.web.operator.settings_form.MOST_ROWS", 2)
    with desk.file.open("a") as file:
        file.write('[[api_keys]]\nname = "carol"\nkey = "sk-carol-0123456789"\n')
    page = await enter(visitor, desk)
    await page.get_by_label("alice の重み").fill("9")
    await page.get_by_label("名前で探す").fill("carol")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("carol の重み")).to_be_visible()
    await expect(page.get_by_label("alice の重み")).to_have_value("9")
    await expect(page.locator("#touched")).to_have_text("1か所を変更中")
    await expect(page.get_by_label("名前で探す")).to_have_value("carol")


async def test_without_scripts_keys_are_found_by_asking(browser: Browser, desk: Tuning) -> None:
    page = await enter(await browser.new_context(locale="en-GB", java_script_enabled=False), desk)
    await page.get_by_label("Find by name").fill("bo")
    await page.get_by_role("button", name="Find").click()
    await expect(page.locator(".key-settings tbody tr")).to_have_count(1)
    await expect(page.get_by_label("Weight of bob")).to_be_visible()


async def test_a_locked_setting_cannot_be_typed_into(visitor: BrowserContext, desk: Tuning) -> None:
    page = await enter(visitor, desk)
    field = page.get_by_label("交代の単位")
    await expect(field).to_be_disabled()
    await expect(field).to_have_accessible_description(re.compile("LLMLB_FAIRNESS_QUANTUM で固定されています"))


@pytest.mark.parametrize(("locale", "scheme"), [("ja-JP", "light"), ("en-GB", "dark")])
async def test_every_size_language_and_light_is_accessible_and_fits(
    browser: Browser, desk: Tuning, locale: str, scheme: str
) -> None:
    context = await browser.new_context(locale=locale, color_scheme=scheme)  # type: ignore[arg-type]
    page = await enter(context, desk)

    async def look() -> None:
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            marked, chosen = [await page.locator(f".top {part}").bounding_box() for part in (".mark", ".language")]
            if width >= 768 and marked and chosen:
                assert chosen["y"] < marked["y"] + marked["height"], "the places stand on one line"
            if width != 768:  # nothing is there that is not at one of the other sizes
                assert await violations(page) == []

    await look()
    await page.locator("[name='queue.max_size']").fill("200")
    await page.locator("[name='queue.enable_fairness']").select_option("false")
    await page.locator(f"[name='{WEIGHT}']").fill("3")
    await page.locator("#settings button.main").click()
    await page.wait_for_selector("table.difference")
    await look()
    await page.locator(".confirm button.main").click()
    await page.wait_for_selector(".flash")
    await look()
    desk.file.write_text(desk.file.read_text() + "port = 3\n")
    await page.reload()
    await expect(page.locator(".send button")).to_have_attribute("name", "edit")
    await look()
    japanese = re.compile("[ぁ-ん]")
    text = await page.locator("main").inner_text()
    assert bool(japanese.search(text)) == (locale == "ja-JP")


async def test_hostile_names_are_text(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmlb.app.places", lambda _: ())
    names = [name[:64] for name in HOSTILE if name[:64].isprintable()]
    keys = "".join(f"\n[[api_keys]]\nname = '''{name}'''\nkey = \"sk-{n}\"\n" for n, name in enumerate(names))
    async with tuning(tmp_path / "config.toml", FILE + keys) as desk:
        page = await enter(await browser.new_context(locale="en-GB", viewport={"width": 360, "height": 740}), desk)
        said = listen(page)
        for name in names:
            await page.get_by_label(f"Weight of {name}", exact=True).fill("7")
            await page.get_by_label(f"Access of {name}", exact=True).select_option("true")
        await page.get_by_role("button", name="Review changes").click()
        for name in names:
            await expect(page.locator("table.difference")).to_contain_text(name)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        await page.get_by_role("button", name="Write and apply").click()
        for name in names:
            await expect(page.locator(".flash")).to_contain_text(name)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await page.title() == "Settings — llmlb"
        assert said == []
        assert [key.weight for key in desk.gateway.gateway.config.api_keys[2:]] == [7.0] * len(names)


async def test_a_change_is_tried_on_the_log_before_it_is_made(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmlb.app.places", lambda _: ())
    log = tmp_path / "llmlb.jsonl"
    log.write_text(
        '{"time":"2026-11-23T12:00:00Z","level":"info","event":"request","key":"alice","model":"m","node":"gpu-1",'
        '"wait":0.0,"service":2.0,"outcome":"served","status":200,"size":14,"tokens":2}\n' * 5
    )
    async with tuning(tmp_path / "config.toml", FILE + NODE + f'[log]\nfile = "{log}"\n') as desk:
        page = await enter(await browser.new_context(locale="en-GB", viewport={"width": 360, "height": 740}), desk)
        await page.get_by_label("Most that may wait").fill("1")
        await page.get_by_role("button", name="Review changes").click()
        await page.get_by_role("button", name="Try it on the latest log").click()
        await expect(page.locator(".tried")).to_contain_text("max_size=1", timeout=30_000)
        await expect(page.get_by_role("heading", name="Try it first")).to_be_in_viewport()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await violations(page) == []
        await page.get_by_role("button", name="Write and apply").click()
        await expect(page.locator(".flash")).to_contain_text("Applied.")
        assert desk.gateway.gateway.config.queue.max_size == 1


async def test_a_node_is_drained_and_resumed_on_the_desk(visitor: BrowserContext, desk: Tuning) -> None:
    page = await enter(visitor, desk)
    await page.goto(f"{desk.gateway.url}/operator")
    await page.locator("#nodes form button").first.click()
    await expect(page.locator(".flash")).to_contain_text("gpu-1 を切り離しました。")
    assert desk.file.read_text() == FILE + NODE + "drain = true\n"
    assert await violations(page) == []
    await page.locator("#nodes form button").first.click()
    await expect(page.locator(".flash")).to_contain_text("gpu-1 を元に戻しました。")
    assert desk.file.read_text() == FILE + NODE
