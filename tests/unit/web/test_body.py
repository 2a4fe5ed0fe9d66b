"""A body that a handler reads: it takes the room that is counted for it."""

from __future__ import annotations

import tracemalloc
from typing import cast

from aiohttp import HttpVersion11, web

from llmlb.gateway.bodies import Bodies
from llmlb.web.body import read_body

SIZE = 200_000


class Trickle:
    """A request whose body comes in pieces of two bytes."""

    version = HttpVersion11

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.content = self
        self._left = SIZE
        self.held = 0
        """Bytes of memory that were taken before the last piece."""

    def at_eof(self) -> bool:
        return not self._left

    def read_nowait(self) -> bytes:
        if not self._left:
            return b""
        if self._left == 2:
            self.held = tracemalloc.get_traced_memory()[0]
        self._left -= 2
        return b"%b" % b"xy"


async def test_pieces_take_the_room_that_is_counted_however_small_they_are() -> None:
    request = Trickle()
    tracemalloc.start()
    try:
        body = await read_body(cast(web.Request, request), Bodies(SIZE, lambda: 7).hold(), SIZE)
    finally:
        tracemalloc.stop()
    assert body == b"xy" * (SIZE // 2)
    assert 0.5 * SIZE < request.held < 1.5 * SIZE
