"""The operator's desk as the operator sees it, in Debian's Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import attrs
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request, expect

from llmlb.gateway.desk import Desk
from llmlb.web.operator import desk_streams
from tests.browser import desk_scene
from tests.browser.chromium import HOSTILE, IN_CHROMIUM, LIVE, LOST, listen
from tests.browser.desk_scene import able, busy, desk, key, node, running, waiting, why
from tests.browser.desk_site import DeskSite

pytestmark = IN_CHROMIUM

LINE = "#requests .in-line > li"
SIGN_IN_PAGE = "**/operator/sign-in"


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[DeskSite]:
    site = DeskSite()
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def operator(browser: Browser, site: DeskSite) -> BrowserContext:
    """The operator, whose browser speaks English."""
    context = await browser.new_context(locale="en-GB", viewport={"width": 1400, "height": 900})
    await site.sign_in(context)
    return context


async def opened(operator: BrowserContext, site: DeskSite) -> Page:
    """The desk, live."""
    page = await operator.new_page()
    await page.goto(site.url)
    await page.wait_for_selector(LIVE)
    return page


def line(*ids: str) -> Desk:
    """So many wait, in this order."""
    return desk(
        nodes=(node("gpu-1", "busy"),),
        waiting=tuple(
            (waiting(id, "alice", "llama", place, 10.0), why(nodes=(able("gpu-1"),))) for place, id in enumerate(ids, 1)
        ),
    )


async def test_all_of_it_is_there_without_any_script(browser: Browser, site: DeskSite) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="en-GB")
    await site.sign_in(context)
    page = await context.new_page()
    await page.goto(site.url)
    await expect(page.get_by_role("table", name="In service").get_by_role("row")).to_have_count(4)
    await expect(page.locator(LINE)).to_have_count(9)
    reason = page.get_by_text("4 requests are before it: 2 of alice, 2 of support-bot.")
    await expect(reason).to_be_hidden()
    await page.locator(LINE).nth(7).locator("summary").click()
    await expect(reason).to_be_visible()
    await expect(page.get_by_role("table", name="Keys")).to_contain_text("34% (due 25%)")
    machine = page.locator(".machine", has_text="gpu-2")
    await expect(machine).to_contain_text("request f2a86e90b1 of research")
    await expect(machine).to_contain_text("http://10.0.0.12:8000")
    assert await machine.locator("path[d^=M]").count() >= 2
    await page.get_by_role("searchbox").fill("nightly")
    await page.get_by_role("button", name="Find").click()
    await expect(page.locator(LINE)).to_have_count(2)
    await expect(page.get_by_text("2 for “nightly”")).to_be_visible()
    await page.get_by_role("link", name="Show all").click()
    await expect(page.locator(LINE)).to_have_count(9)


async def test_a_change_is_there_within_a_second(operator: BrowserContext, site: DeskSite) -> None:
    page = await opened(operator, site)
    loop = asyncio.get_running_loop()
    took = []
    for number in range(3):
        changed = loop.time()
        site.now = line(f"request-{number}")
        await expect(page.locator(LINE).first).to_contain_text(f"request-{number}")
        took.append(loop.time() - changed)
    assert min(took) < 1, took


async def test_a_row_stays_open_and_in_focus_while_the_order_changes(operator: BrowserContext, site: DeskSite) -> None:
    site.now = line("a", "b", "c", "d")
    page = await opened(operator, site)
    await page.locator(LINE).nth(2).locator("summary").focus()
    await page.keyboard.press("Enter")
    for order in ("cabd", "adbc", "xyzc", "c", "bca"):
        site.now = line(*order)
        await expect(page.locator(f"{LINE} .id code")).to_have_text(list(order))
        assert await page.evaluate("document.activeElement.closest('[data-row]')?.dataset.row") == "c", order
        assert await page.locator(f"{LINE} details[open]").count() == 1
    await expect(page.locator(f"{LINE} details[open]")).to_contain_text("busy with a request of alice")


async def test_the_focus_stays_near_where_its_row_was(operator: BrowserContext, site: DeskSite) -> None:
    site.now = line("a", "b")
    page = await opened(operator, site)
    await page.locator(LINE).first.locator("summary").focus()
    site.now = line("b")
    await expect(page.locator(LINE)).to_have_count(1)
    assert await page.evaluate("document.activeElement.closest('section')?.id") == "requests"


async def test_two_requests_with_one_id_are_two_rows(operator: BrowserContext, site: DeskSite) -> None:
    site.now = line("same", "other")
    page = await opened(operator, site)
    site.now = line("same", "same", "other")
    await expect(page.locator(f"{LINE} .id code")).to_have_text(["same", "same", "other"])
    await expect(page.locator(f"{LINE} .place > :last-child")).to_have_text(["1", "2", "3"])


async def test_everything_follows(operator: BrowserContext, site: DeskSite) -> None:
    site.now = desk_scene.EMPTY
    page = await opened(operator, site)
    said = listen(page)
    for empty in ("No request is in service.", "Nobody is waiting.", "Add one with llmlb nodes add URL."):
        await expect(page.get_by_text(empty)).to_be_visible()
    explained = page.locator(".order, .notes")
    assert [await one.is_visible() for one in await explained.all()] == [False] * 3, "what explains rows"
    site.now = busy()
    await expect(page).to_have_title("9 waiting · 3 in service — Desk — llmlb")
    await expect(page.locator("#totals")).to_contain_text("9 of at most 100")
    await expect(page.get_by_role("table", name="In service").get_by_role("row")).to_have_count(4)
    assert [await one.is_visible() for one in await explained.all()] == [True] * 3
    research = page.get_by_role("row", name="research").filter(has_text="due")
    await expect(research).to_contain_text("96 served, 1 timed out, 7 left, 2 failed")
    assert await research.locator(".share-taken").get_attribute("width") == "40.0"
    await expect(page.locator(".machine")).to_have_count(5)
    offline = page.locator(".machine", has_text="gpu-4")
    await expect(offline).to_have_attribute("data-state", "offline")
    await expect(offline.locator(".band-text")).to_contain_text("Offline 5%")
    assert await offline.locator("path.band-offline").get_attribute("d")
    site.now = desk_scene.QUIET
    await expect(page.locator(".machine h3")).to_have_text(["gpu-1", "gpu-2"])
    assert said == []


async def test_a_request_is_found_while_its_name_is_typed(operator: BrowserContext, site: DeskSite) -> None:
    page = await opened(operator, site)
    said = listen(page)
    box = page.get_by_role("searchbox")
    await box.press_sequentially("F2A8")
    await expect(page.locator(LINE)).to_have_count(0)
    await expect(page.get_by_role("table", name="In service").get_by_role("row")).to_have_count(2)
    await expect(page.get_by_text("1 for “F2A8”")).to_be_visible()
    assert page.url.endswith("?find=F2A8")
    await box.fill("gone-by-now")
    await expect(page.get_by_text("No request for “gone-by-now” is waiting or in service now.")).to_be_visible()
    site.now = line("gone-by-now", "another")  # it comes again
    await expect(page.locator(LINE)).to_have_count(1)
    await page.reload()
    await expect(page.locator(LINE)).to_have_count(1)
    await page.get_by_role("link", name="Show all").click()
    await expect(page.locator(LINE)).to_have_count(2)
    await expect(box).to_be_focused()
    assert "find" not in page.url
    assert said == []


async def test_a_node_is_drained_and_resumed_by_buttons_of_its_own(operator: BrowserContext, site: DeskSite) -> None:
    page = await opened(operator, site)
    sent: list[Request] = []

    async def answer(route, request: Request) -> None:  # type: ignore[no-untyped-def]
        sent.append(request)
        await route.fulfill(status=204)

    await page.route("**/operator/nodes/*", answer)
    await page.get_by_role("button", name="Drain gpu-1").click()
    site.now = attrs.evolve(site.now, nodes=tuple(attrs.evolve(one, drained=not one.drained) for one in site.now.nodes))
    await page.get_by_role("button", name="Resume gpu-1").click()
    told = [(request.url.removeprefix(site.url), parse_qs(request.post_data or "")) for request in sent]
    assert [path for path, _ in told] == ["/nodes/drain", "/nodes/resume"]
    assert [fields["node"] for _, fields in told] == [["gpu-1"]] * 2
    assert all(fields["csrf"][0] for _, fields in told)


async def test_signing_out_in_another_tab_ends_it_here(operator: BrowserContext, site: DeskSite) -> None:
    page = await opened(operator, site)
    said = listen(page)
    other = await operator.new_page()
    await other.goto(site.url)
    await other.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(SIGN_IN_PAGE)
    assert said == []


async def test_after_a_restart_it_asks_for_the_password(operator: BrowserContext, site: DeskSite) -> None:
    page = await opened(operator, site)
    await site.stop()
    await expect(page.locator("#link")).to_contain_text("Connection lost")
    await site.start()
    await page.wait_for_url(SIGN_IN_PAGE)


async def test_a_lost_connection_is_found_again(operator: BrowserContext, site: DeskSite) -> None:
    page = await opened(operator, site)
    site.cut()
    site.now = line("afterwards")
    await expect(page.locator(LINE)).to_contain_text(["afterwards"])
    await page.wait_for_selector(LIVE)


async def test_one_desk_too_many_says_so_and_comes_when_there_is_room(
    operator: BrowserContext, site: DeskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await operator.new_page()
    with monkeypatch.context() as crowded:
        crowded.setattr(desk_streams, "MOST_STREAMS", 0)
        await page.goto(site.url)
        await expect(page.locator("#link")).to_contain_text("Too many pages are open")
        await page.wait_for_selector(LOST)
    await page.wait_for_selector(LIVE)
    await expect(page.locator("#link")).to_have_text("Live")
    await site.stop()
    await expect(page.locator("#link")).to_contain_text("Connection lost")


@pytest.mark.parametrize("script", [True, False])
async def test_hostile_names_are_text(browser: Browser, site: DeskSite, script: bool) -> None:
    evil = desk(
        keys=tuple(key(name) for name in HOSTILE),
        nodes=tuple(
            node(name, "offline", reason=name, models=(name,), url=name, kind=name, request=name, key=name)
            for name in HOSTILE
        ),
        running=tuple(running(name, name, name, name, 1.0) for name in HOSTILE),
        waiting=tuple(
            (waiting(name, name, name, 1, 1.0), why((name, 2), nodes=(able(name, key=name, reason=name),)))
            for name in HOSTILE
        ),
    )
    site.now = evil if not script else desk_scene.EMPTY
    context = await browser.new_context(java_script_enabled=script, locale="en-GB")
    await site.sign_in(context)
    page = await context.new_page()
    said = listen(page)
    await page.goto(site.url)
    if script:
        await page.wait_for_selector(LIVE)
        site.now = evil
    told = [name.replace("\u202e", "\\u202e") for name in HOSTILE]
    for place in (f"{LINE} .id code", ".rows.keys .key-name", ".machine h3", ".rows.running [data-text=node]"):
        await expect(page.locator(place)).to_have_text(told)
    assert await page.locator("main img, main script, main b").count() == 0
    assert await page.title() != "owned"
    found = "<b>{{7*7}}"
    await page.goto(f"{site.url}?find=%3Cb%3E%7B%7B7*7%7D%7D")
    await expect(page.locator(".found")).to_contain_text(f"No request for “{found}”")
    await expect(page.get_by_role("searchbox")).to_have_value(found)
    assert said == []
