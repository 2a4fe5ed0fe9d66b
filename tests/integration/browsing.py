"""The operator's browser, as far as signing in goes: what it sends, and the cookie it keeps."""

from __future__ import annotations

import re
from typing import Any

import attrs
from argon2 import PasswordHasher

from llmlb.config.model import Operator
from tests.integration.bench import Answer, Bench

PASSWORD = "correct horse"
SIGN_IN, SIGN_OUT, DESK = "/operator/sign-in", "/operator/sign-out", "/operator"


def quick_hash(password: str) -> str:
    """A hash that takes no time worth mentioning."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


PASSWORD_HASH = quick_hash(PASSWORD)
OPERATOR = Operator(password_hash=PASSWORD_HASH)


@attrs.define
class Browser:
    """Follows no redirects. It keeps the one cookie that is there, and finds the token in the forms it is shown."""

    gateway: Bench
    cookie: str = ""
    csrf: str = ""

    async def get(self, path: str = DESK, **options: Any) -> Answer:
        """The page at `path`."""
        answer = await self.gateway.get(path, **self._with_cookie(options))
        found = re.search(r'name="csrf" value="([\w-]+)"', answer.body.decode())
        self.csrf = found[1] if found else self.csrf
        return answer

    async def post(self, path: str, fields: Any = None, **options: Any) -> Answer:
        """The answer to a form with these fields, and with the token if there is one."""
        if fields is None or isinstance(fields, dict):
            fields = {"csrf": self.csrf, **(fields or {})}
        answer = await self.gateway.post(path, data=fields, **self._with_cookie(options))
        for line in answer.headers.getall("Set-Cookie", []):  # type: ignore[attr-defined]  # a multidict
            if found := re.match(r'llmlb_operator="?([\w-]*)', line):
                self.cookie = found[1]
        return answer

    async def sign_in(self, password: str = PASSWORD, **options: Any) -> Answer:
        """The answer to a password."""
        return await self.post(SIGN_IN, {"username": "operator", "password": password}, **options)

    def _with_cookie(self, options: dict[str, Any]) -> dict[str, Any]:
        headers = dict(options.pop("headers", {}))
        if self.cookie:
            headers.setdefault("Cookie", f"llmlb_operator={self.cookie}")
        return {"allow_redirects": False, **options, "headers": headers}


async def signed_in(gateway: Bench) -> Browser:
    """A browser in which the operator has signed in."""
    browser = Browser(gateway)
    answer = await browser.sign_in()
    assert (answer.status, answer.headers["Location"]) == (303, DESK), answer.body
    return browser


async def is_signed_in(browser: Browser) -> bool:
    """Whether its operator is signed in: then the sign-in page leads on."""
    answer = await browser.get(SIGN_IN)
    assert answer.status in (200, 303)
    return answer.status == 303


async def waits(browser: Browser, password: str = PASSWORD) -> int:
    """Seconds for which an attempt is put off; 0 if it was looked at."""
    answer = await browser.sign_in(password)
    if answer.status != 429:
        return 0
    secs = int(answer.headers["Retry-After"])
    assert f"{secs} s" in answer.body.decode()
    return secs
