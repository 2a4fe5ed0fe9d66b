"""Changes that the operator makes on the page: to the configuration file first, and by that to the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import attrs

from llmlb.config.document import Document, parse_document
from llmlb.config.edit import Draft
from llmlb.config.edit_file import Edited, content_of, edit_file, rehearse_edit, version_of
from llmlb.config.environment import read_environment, variable_of
from llmlb.config.load import Loaded, load_document
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.reload import Reload, Reloader


@attrs.frozen(kw_only=True)
class Standing:
    """What the file says at this moment."""

    loaded: Loaded
    version: str
    """Names the content: another one, another content. Empty while there is no file."""


class Steering:
    """The one way by which the page changes settings. Reading and writing is done in threads, for disks are slow."""

    def __init__(self, gateway: Gateway, reloader: Reloader, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        self._gateway = gateway
        self._reloader = reloader
        self._environ = environ

    async def standing(self) -> Standing:
        """What the file says now. Raises ConfigError when that is wrong, or it cannot be read."""
        return await asyncio.to_thread(self._standing)

    def held(self) -> Mapping[str, str]:
        """The settings that the environment holds whatever the file says, such as `queue.max_size`: the variables."""
        given = (map(str, path) for path in read_environment(self._environ).values)
        return {f"{table}.{key}": variable_of(table, key) for table, key in given}

    async def rehearse(self, change: Callable[[Draft], Draft], *, version: str | None) -> None:
        """Raise what `change` would raise before it writes."""
        await asyncio.to_thread(rehearse_edit, self.path, self._environ, self._of_a_file(change), version)

    async def change(self, change: Callable[[Draft], Draft], *, version: str | None, by: str) -> Reload:
        """Change the file and have it taken. `by`: who, for the log. `version`: of the file as it was seen.

        Raises ConfigError, CannotEdit, or OSError; and ChangedMeanwhile when the file is not of that version any more.
        Then nothing is written.
        """
        checked = self._of_a_file(change)
        writing = asyncio.ensure_future(asyncio.to_thread(edit_file, self.path, self._environ, checked, version))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:  # the browser has left, but a thread cannot be called back
            writing.add_done_callback(partial(self._taken_all_the_same, by))
            raise
        return await self._reloader.ask(by)

    def _of_a_file(self, change: Callable[[Draft], Draft]) -> Callable[[Draft], Draft]:
        """The change, unless the file that applies has been lost and there is nothing left to change."""

        def checked(draft: Draft) -> Draft:
            if not draft.text.strip():
                self._reloader.check_not_lost(content_of(self.path))
            return change(draft)

        return checked

    def _taken_all_the_same(self, by: str, writing: asyncio.Future[Edited]) -> None:
        """Have a change taken whose author did not wait for it, so that it is known whose it was."""
        if not writing.cancelled() and writing.exception() is None:
            self._reloader.ask(by)

    def _standing(self) -> Standing:
        content = content_of(self.path)
        self._reloader.check_not_lost(content)
        if content is None:
            loaded = load_document(Document(), None, self._environ)
        elif (taken := self._reloader.taken(content)) is not None:
            loaded = taken
        else:
            loaded = load_document(parse_document(content, str(self.path)), self.path, self._environ)
        return Standing(loaded=loaded, version=version_of(content))
