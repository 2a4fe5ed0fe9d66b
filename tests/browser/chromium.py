"""Debian's Chromium, and what every test in it needs to know."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.async_api import Page

CHROMIUM = shutil.which("chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IN_CHROMIUM = [
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="no chromium here (apt-get install chromium)"
    ),
    pytest.mark.asyncio(loop_scope="session"),  # one browser for all tests
]
"""`pytestmark` of every file of tests here. Asynchronous fixtures of theirs need `loop_scope="session"` as well."""

LIVE = '[data-link="live"]'
LOST = '[data-link="lost"]'
HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    "{{7*7}}${7*7}",
    "__proto__",
    "constructor",
    "W" * 300,
    "\u202egnp.exe",
]
"""Names that somebody might give to a node, a model or a key."""


def listen(page: Page) -> list[str]:
    """What the console says, errors of scripts and refusals of the policy included."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
