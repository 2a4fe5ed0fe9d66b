"""The operator at the page of settings: the form as a browser without scripts reads and sends it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import attrs

from llmlb.app import ConfigFile, running
from llmlb.config.load import load
from tests.integration.bench import Answer, Bench
from tests.integration.browsing import PASSWORD_HASH, Browser, signed_in

SETTINGS, APPLY = "/operator/settings", "/operator/settings/apply"
OPERATOR = f"[operator]\npassword_hash = '{PASSWORD_HASH}'\n"
FILE = f"""\
# The gateway of the lab.

[queue]   # who waits
timeout_secs = 60
max_size = 100   # more than this makes people angry

# alice pays for the machines
[[api_keys]]
name = "alice"    # research
key = "sk-alice-0123456789"
weight = 2

[[api_keys]]
key = "sk-bob-0123456789"
name = "bob"

[server]
locale = "en"
host = "127.0.0.1"
port = 0
drain_secs = 0

{OPERATOR}"""


class _Forms(HTMLParser):
    """The fields of a form, by its action, as a browser would send them; and the text of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str]] = {}
        self.text: list[str] = []
        self._action = self._select = ""
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._action = given.get("action", "")
            self.fields.setdefault(self._action, {})  # a search may have the same action
        elif tag == "input" and "name" in given and not {"disabled", "form"} & given.keys():
            self.fields[self._action][given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = "" if "disabled" in given else given["name"]
            self._options = []
        elif tag == "option" and self._select:
            self._options.append((given["value"], "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._action = ""
        elif tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected] or [self._options[0][0]]
            self.fields[self._action][self._select] = chosen[0]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@attrs.frozen
class Seen:
    """A page as it was answered."""

    answer: Answer

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def text(self) -> str:
        """What a reader sees, each space one."""
        return " ".join(" ".join(self._parsed.text).split())

    def fields(self, action: str = SETTINGS) -> dict[str, str]:
        """What the form would send as it is."""
        return dict(self._parsed.fields[action])

    @property
    def forms(self) -> set[str]:
        """The actions of its forms."""
        return set(self._parsed.fields)

    @property
    def _parsed(self) -> _Forms:
        forms = _Forms()
        forms.feed(self.answer.body.decode())
        return forms


@attrs.frozen
class Tuning:
    """A gateway with its file, and the operator who is signed in."""

    gateway: Bench
    file: Path
    browser: Browser

    async def page(self, path: str = SETTINGS) -> Seen:
        return Seen(await self.browser.get(path))

    async def send(self, fields: Mapping[str, str], path: str = SETTINGS) -> Seen:
        return Seen(await self.browser.post(path, dict(fields)))

    async def review(self, **changes: str) -> Seen:
        """The form as it is now with these changes, sent; `queue__max_size` stands for `queue.max_size`."""
        form = (await self.page()).fields()
        return await self.send(form | {name.replace("__", "."): value for name, value in changes.items()})

    async def apply(self, difference: Seen) -> Seen:
        """What comes when the difference is confirmed: the page after the redirect, or the form again."""
        came = await self.send(difference.fields(APPLY), APPLY)
        if came.status == 303:
            assert came.answer.headers["Location"] == SETTINGS
            return await self.page()
        return came

    async def change(self, **changes: str) -> Seen:
        """Both steps."""
        difference = await self.review(**changes)
        assert difference.status == 200, difference.text
        return await self.apply(difference)


@asynccontextmanager
async def tuning(
    file: Path, text: str | None = FILE, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Tuning]:
    """A gateway that follows a file of this text, None for one that is not there yet, until the end of the block."""
    if text is not None:
        file.write_text(text)  # noqa: ASYNC240 - one small file
    loaded = load(None if text is None else file, environ or {})
    started = running(loaded.config, file=ConfigFile(path=file, loaded=loaded, environ=environ or {}))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as client, started as running_:
        bench = Bench(running_, client)
        yield Tuning(bench, file, await signed_in(bench))
