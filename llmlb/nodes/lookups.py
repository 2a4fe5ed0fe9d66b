"""An event loop on which a name that the resolver is slow to find holds up nothing else.

asyncio looks names up in the few threads that it has for everything: six nodes whose names time out, and no other name
is found, no page or command answered that needs a thread, and the process ends only with the last of these lookups.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress
from threading import Thread
from typing import Any

_Asked = tuple[Any, ...]
_Found = list[tuple[Any, ...]] | OSError | UnicodeError


class LookupLoop(asyncio.SelectorEventLoop):
    """Each name that is looked up has one thread of its own, however many ask for it; nothing waits for the thread."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups: dict[_Asked, asyncio.Future[_Found]] = {}

    async def getaddrinfo(
        self, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        """The addresses that go by a name. Takes as long as it takes. Raises OSError; UnicodeError where it is none."""
        asked = host, port, family, type, proto, flags
        answer = self._lookups.get(asked)
        if answer is None:
            try:
                Thread(target=self._look_up, args=asked, name="lookup", daemon=True).start()
            except RuntimeError:
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            answer = self._lookups[asked] = self.create_future()
        found = await asyncio.shield(answer)  # who gives up does so alone
        if isinstance(found, Exception):
            raise found
        return found

    def _look_up(self, *asked: Any) -> None:
        """What the thread does."""
        found: _Found
        try:
            found = socket.getaddrinfo(*asked)
        except (OSError, UnicodeError) as error:
            found = error
        with suppress(RuntimeError):  # the loop is closed by now
            self.call_soon_threadsafe(self._looked_up, asked, found)

    def _looked_up(self, asked: _Asked, found: _Found) -> None:
        self._lookups.pop(asked).set_result(found)
