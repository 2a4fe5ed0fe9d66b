"""Signing in and out as the operator: who is let in, for how long, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import attrs
import pytest

from llmlb.app import ConfigFile, running
from llmlb.config.load import load
from llmlb.config.model import Config, Operator, Server
from llmlb.testing import ManualClock
from llmlb.web.operator.sign_in import MAX_BODY
from tests.integration.bench import Bench, config
from tests.integration.browsing import (
    DESK,
    OPERATOR,
    SIGN_IN,
    SIGN_OUT,
    Browser,
    is_signed_in,
    quick_hash,
    signed_in,
    waits,
)
from tests.integration.conftest import Start

Lines = Callable[[], list[dict[str, Any]]]


async def test_the_password_lets_in_and_signing_out_ends_it(start: Start, log: Lines) -> None:
    gateway = await start(config(operator=OPERATOR))
    browser = Browser(gateway)
    assert not await is_signed_in(browser)
    answer = await browser.sign_in()
    assert (answer.status, answer.headers["Location"]) == (303, DESK)
    assert await is_signed_in(browser)
    await browser.get()
    secret = browser.cookie
    answer = await browser.post(SIGN_OUT)
    assert (answer.status, answer.headers["Location"]) == (303, SIGN_IN)
    assert not browser.cookie
    assert not await is_signed_in(Browser(gateway, cookie=secret))
    events = [line["event"] for line in log()]
    assert [event for event in events if event.startswith("operator")] == ["operator signed in", "operator signed out"]
    assert {line["address"] for line in log() if line["event"].startswith("operator")} == {"127.0.0.1"}


async def test_a_wrong_password_does_not(start: Start, log: Lines) -> None:
    gateway = await start(config(operator=OPERATOR))
    browser = Browser(gateway)
    answer = await browser.sign_in("Correct horse")
    assert answer.status == 403
    assert "That is not the password." in answer.body.decode()
    assert "Set-Cookie" not in answer.headers
    assert not await is_signed_in(browser)
    (line,) = [line for line in log() if line["event"] == "operator sign-in failed"]
    assert (line["address"], line["failures"], line["level"]) == ("127.0.0.1", 1, "warning")
    assert "Correct horse" not in str(log())


async def test_who_is_not_signed_in_is_sent_to_sign_in(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    for browser in (Browser(gateway), Browser(gateway, cookie="made-up"), Browser(gateway, cookie="é")):
        answer = await browser.get()
        assert (answer.status, answer.headers["Location"]) == (303, SIGN_IN)
        assert (await browser.post(SIGN_OUT)).status == 403


async def test_the_cookie_is_for_the_browser_and_these_pages_alone(start: Start) -> None:
    gateway = await start(config(operator=attrs.evolve(OPERATOR, session_secs=600)))
    cookie = (await Browser(gateway).sign_in()).headers["Set-Cookie"]
    secret, *attributes = cookie.split("; ")
    assert len(secret) >= len("llmlb_operator=") + 43
    assert sorted(attributes) == ["HttpOnly", "Max-Age=600", "Path=/operator", "SameSite=Strict"]
    by_https = {"Origin": f"https://127.0.0.1:{gateway.port}"}  # behind a proxy with TLS
    assert "; Secure" in (await Browser(gateway).sign_in(headers=by_https)).headers["Set-Cookie"]


async def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    browser = Browser(gateway)
    answers = [await browser.get(SIGN_IN), await browser.sign_in("wrong"), await browser.sign_in(), await browser.get()]
    answers += [await browser.post(SIGN_OUT, {"csrf": "x"}), await browser.post(SIGN_OUT), await browser.get()]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert all("frame-ancestors 'none'" in answer.headers["Content-Security-Policy"] for answer in answers)
    assert {answer.headers["Referrer-Policy"] for answer in answers} == {"same-origin"}


async def test_each_sign_in_begins_a_session_of_its_own(start: Start) -> None:
    """A secret that somebody has put into the browser before is worth nothing afterwards."""
    gateway = await start(config(operator=OPERATOR))
    planted = await signed_in(gateway)
    victim = Browser(gateway, cookie=planted.cookie)
    await victim.sign_in()
    assert victim.cookie != planted.cookie
    assert not await is_signed_in(planted)
    assert await is_signed_in(victim)


async def test_a_session_of_another_gateway_is_none(start: Start) -> None:
    one, other = await start(config(operator=OPERATOR)), await start(config(operator=OPERATOR))
    browser = await signed_in(one)
    assert not await is_signed_in(Browser(other, cookie=browser.cookie))


async def test_two_browsers_are_signed_in_and_out_apart(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    one, other = await signed_in(gateway), await signed_in(gateway)
    await one.get()
    await one.post(SIGN_OUT)
    assert not await is_signed_in(one)
    assert await is_signed_in(other)


async def test_after_session_secs_the_session_is_over(start: Start, clock: ManualClock) -> None:
    gateway = await start(config(operator=attrs.evolve(OPERATOR, session_secs=60)), clock)
    browser = await signed_in(gateway)
    clock.advance(59.0)
    assert await is_signed_in(browser)
    clock.advance(1.0)
    assert not await is_signed_in(browser)


async def test_another_password_signs_everybody_out(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    browser = await signed_in(gateway)
    gateway.gateway.apply(attrs.evolve(gateway.gateway.config, operator=Operator(password_hash=quick_hash("other"))))
    assert not await is_signed_in(browser)
    assert (await browser.sign_in()).status == 403
    assert (await browser.sign_in("other")).status == 303


async def test_without_a_password_there_is_nothing_but_how_to_set_one(start: Start) -> None:
    gateway = await start(config())
    browser = Browser(gateway)
    for path in (DESK, SIGN_IN):
        answer = await browser.get(path)
        assert answer.status == 200
        assert "part is off" in answer.body.decode()
    assert (await browser.sign_in("")).status == 403
    assert (await browser.post(SIGN_OUT)).status == 403
    gateway.gateway.apply(attrs.evolve(gateway.gateway.config, operator=OPERATOR))
    assert (await browser.sign_in()).status == 303
    gateway.gateway.apply(attrs.evolve(gateway.gateway.config, operator=Operator()))
    assert "is off" in (await browser.get()).body.decode()


# Forms that nobody meant to send


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_of_another_site_is_refused_with_the_right_password_too(
    start: Start, headers: dict[str, str]
) -> None:
    gateway = await start(config(operator=OPERATOR))
    answer = await Browser(gateway).sign_in(headers=headers)
    assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)
    assert "page of another site" in answer.body.decode()
    browser = await signed_in(gateway)
    await browser.get()
    assert (await browser.post(SIGN_OUT, headers=headers)).status == 403
    assert await is_signed_in(browser)


async def test_our_own_form_and_a_program_are_let_in(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    ours: list[dict[str, str]] = [{"Origin": gateway.url, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
    assert [(await Browser(gateway).sign_in(headers=headers)).status for headers in (*ours, {})] == [303] * 3


async def test_a_form_without_the_token_of_the_session_does_nothing(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    one, other = await signed_in(gateway), await signed_in(gateway)
    await one.get()
    for token in ("", "x", "é", one.csrf + "=", one.csrf[:-1], one.cookie):
        assert (await other.post(SIGN_OUT, {"csrf": token})).status == 403
    assert (await other.post(SIGN_OUT, {"csrf": one.csrf})).status == 403, "that of another session"
    assert await is_signed_in(other)
    assert (await one.post(SIGN_OUT)).status == 303


# Bodies


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"password=%ff", 400),
        (b"password=\xff", 400),
        (b"password=%zz", 400),
        (b"&" * 5_000, 400),
        (b"", 400),
        (b"username=operator", 400),
        (b"password=", 400),
        (b"password=" + b"p" * 1025, 400),
        (b"password=" + quote("あ" * 342).encode(), 400),
        (b"password=" + b"p" * MAX_BODY, 413),
    ],
)
async def test_what_is_no_form_with_a_password_is_refused_in_words(start: Start, body: bytes, status: int) -> None:
    gateway = await start(config(operator=OPERATOR))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await Browser(gateway).post(SIGN_IN, body, headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert await waits(Browser(gateway), "wrong") == 0, "none of this counts as a password"


async def test_other_kinds_of_bodies_are_refused_in_words(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        answer = await Browser(gateway).post(SIGN_IN, b"password=x", headers={"Content-Type": kind})
        assert answer.status == 415
        assert "application/x-www-form-urlencoded" in answer.body.decode()
    packed = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    assert (await Browser(gateway).post(SIGN_IN, b"x", headers=packed)).status == 415


async def test_a_form_of_the_operator_may_be_long_but_not_endless(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    browser = await signed_in(gateway)
    await browser.get()
    assert (await browser.post(SIGN_OUT, {"much": "x" * 256 * 1024})).status == 413
    assert (await browser.post(SIGN_OUT, {"much": "x" * 255 * 1024})).status == 303


async def test_a_password_is_taken_as_it_was_typed(start: Start) -> None:
    typed = "  ｐａｓｓ 馬と電池が正しい　+&=%;🐴"
    gateway = await start(config(operator=Operator(password_hash=quick_hash(typed))))
    for other in (typed.strip(), typed.replace("ｐａｓｓ", "pass"), typed.replace("　", " ")):
        browser = Browser(gateway)
        answer = await browser.sign_in(other)
        assert answer.status == 403, other
        assert (await browser.sign_in(typed)).status == 303


# Other names, methods and paths


async def test_another_host_name_gets_421(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    for path in (DESK, SIGN_IN):
        assert (await gateway.get(path, headers={"Host": "evil.example"})).status == 421
    assert (await Browser(gateway).sign_in(headers={"Host": "evil.example"})).status == 421


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", SIGN_IN, 200),
        ("HEAD", DESK, 303),
        ("GET", SIGN_OUT, 405),
        ("PUT", SIGN_IN, 405),
        ("DELETE", SIGN_IN, 405),
        ("TRACE", SIGN_IN, 405),
        ("GET", "/operator/", 404),
        ("GET", "/operator/nothing", 404),
        ("GET", "/operator/../operator/sign-in/..", 404),
        ("GET", "/operator/%2e%2e/sign-in", 404),
        ("GET", "//operator/sign-in", 404),
        ("GET", "/OPERATOR/sign-in", 404),
    ],
)
async def test_methods_and_paths_that_are_none(start: Start, method: str, path: str, status: int) -> None:
    gateway = await start(config(operator=OPERATOR))
    raw = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\nConnection: close\r\n\r\n"
    answer = await gateway.raw(raw.encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Set-Cookie" not in answer


async def test_the_language_is_that_of_the_reader(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR, server=Server(locale="ja")))
    browser = Browser(gateway)
    assert "運用者のサインイン" in (await browser.get(SIGN_IN)).body.decode()
    answer = await browser.sign_in("wrong", headers={"Accept-Language": "en"})
    assert "That is not the password." in answer.body.decode()
    assert answer.headers["Content-Language"] == "en"
    answer = await browser.post(SIGN_OUT, {})
    assert "サインインして、もう一度" in answer.body.decode()
    assert 'href="/operator?lang=en"' in answer.body.decode()


async def test_the_page_works_while_the_gateway_drains(start: Start) -> None:
    gateway = await start(config(operator=OPERATOR))
    gateway.gateway.draining = True
    assert await is_signed_in(await signed_in(gateway))


@pytest.mark.parametrize(("name", "named"), [("config.toml", False), ("sub/config.toml", True), ("secret.toml", True)])
async def test_nobody_is_told_where_the_configuration_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, named: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    file = ConfigFile(path=Path(name), loaded=load(None, {}), environ={})
    async with (
        aiohttp.ClientSession() as client,
        running(Config(server=Server(port=0, locale="en")), file=file) as started,
    ):
        page = (await Bench(started, client).get(DESK)).body.decode()
    assert "llmlb operator set-password" in page
    assert ("--config FILE" in page, "FILE is the configuration file" in page) == (named, named)
    assert name not in page
    assert str(tmp_path) not in page
