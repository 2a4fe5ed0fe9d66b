"""How nodes answer: well for the most part, and otherwise badly in every way known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from benchmarks.chaos.bodies import PIECE, events, plain
from benchmarks.chaos.node import Connection
from benchmarks.chaos.script import Ask, pick

FOREVER = 3600.0
JSON, EVENTS = "Content-Type: application/json", "Content-Type: text/event-stream"

FAIR = {
    "good": 1000,
    "slow": 40,
    "long": 12,
    "until closed": 15,
    "early hints": 12,
    "more than asked": 8,
    "refuses": 15,
}
FOUL = {
    "busy": 12, "busy, says when": 5, "loading": 8, "error": 8, "long error": 3, "hang": 4, "hangs midway": 4,
    "reset unanswered": 6, "reset after head": 6, "reset midway": 7, "reset in an event": 6, "closed unanswered": 5,
    "closed midway": 6, "closed after the last event": 4, "garbage": 5, "garbage midway": 4, "endless head": 2,
    "empty": 5, "nothing in chunks": 4, "too short": 4, "answers early": 5, "redirects": 3,
}  # fmt: skip
FLAKY = 30
"""So much more often it goes wrong in flaky weather."""


def answering(seed: int, name: str) -> Callable[[Connection], Awaitable[None]]:
    """How the node of this name answers. A request and how often it came decide, with the weather, not the time."""

    async def answer(connection: Connection) -> None:
        assert connection.entry is not None
        assert connection.attempt is not None
        ask = connection.entry.ask
        random = Random(f"{seed} {name} {ask.id} {len(connection.entry.attempts)}")
        mood = _mood(connection.node.weather, random)
        connection.attempt.mood = mood
        if mood == "answers early":
            connection.last(connection.head(400, JSON, "Connection: close", body=2) + b"{}", b"{}", close=True)
            return
        await connection.whole_request.wait()
        await _Reply(connection, ask, random).give(mood)

    return answer


def _mood(weather: str, random: Random) -> str:
    foul = {mood: count * FLAKY for mood, count in FOUL.items()} if weather == "flaky" else FOUL
    mood = pick(random, FAIR | foul)
    return {"loading": "loading", "deaf": "hang"}.get(weather, mood)


class _Reply:
    """One answer."""

    def __init__(self, connection: Connection, ask: Ask, random: Random) -> None:
        self._line = connection
        self._ask = ask
        self._random = random
        self._pace = min(0.4, random.expovariate(1 / 0.04))
        self._words = random.randint(1, 8)

    async def give(self, mood: str) -> None:
        """Answer in this mood."""
        line, pace = self._line, self._pace
        match mood:
            case "good":
                await self._well()
            case "slow":
                self._pace = self._random.uniform(0.3, 1.0)
                await self._well()
            case "long":
                self._pace = self._random.uniform(1.5, 3.2 if self._ask.stream else 2.0)
                await self._well()
            case "early hints":
                await line.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
                await self._well()
            case "until closed":
                await asyncio.sleep(pace)
                body = plain(self._ask, self._words)
                line.last(line.head(200, JSON, "Connection: close") + body, body, close=True)
            case "more than asked":
                body = plain(self._ask, self._words)
                line.last(line.head(200, JSON, body=len(body)) + body + _STRAY, body)
            case "refuses":
                await self._brief(400)
            case "busy":
                await self._brief(429)
            case "busy, says when":
                await self._brief(429, "Retry-After: 1")
            case "loading":
                await self._brief(503)
            case "error":
                await self._brief(500)
            case "redirects":
                await self._brief(307, "Location: http://127.0.0.1:1/v1/elsewhere", "Set-Cookie: a=b", "Server: me")
            case "long error":
                await line.write(line.head(502, JSON, chunked=True))
                for _ in range(100):
                    await line.chunk(b" " * 50_000)
                line.reset()
            case "empty":
                line.last(line.head(200, JSON, body=0))
            case "nothing in chunks":
                line.last(line.head(200, EVENTS if self._ask.stream else JSON, chunked=True) + b"0\r\n\r\n")
            case _:
                await self._badly(mood)

    async def _well(self) -> None:
        line = self._line
        if self._ask.stream:
            await self._stream(len)
            line.last(b"0\r\n\r\n")
        else:
            await asyncio.sleep(self._pace)
            body = plain(self._ask, self._words)
            await line.write(line.head(200, JSON, body=len(body)))
            while len(body) > PIECE:
                await line.write(body[:PIECE], body[:PIECE])
                body = body[PIECE:]
            line.last(body, body)

    async def _stream(self, upto: Callable[[list[bytes]], int]) -> None:
        """The head of a stream, and `upto` so many of its events."""
        line = self._line
        pieces = list(events(self._ask, self._words))
        await asyncio.sleep(self._pace / 2)
        await line.write(line.head(200, EVENTS, chunked=True))
        for piece in pieces[: upto(pieces)]:
            await line.chunk(piece)
            await asyncio.sleep(self._pace / 2 / len(pieces))

    async def _brief(self, status: int, *headers: str) -> None:
        await asyncio.sleep(self._pace / 4)
        body = b'{"error": {"message": "%b", "type": "node"}}' % self._ask.id.encode()
        self._line.last(self._line.head(status, JSON, *headers, body=len(body)) + body, body)

    async def _badly(self, mood: str) -> None:
        """An answer that has no proper end."""
        line = self._line
        if mood in {"hang", "reset unanswered", "closed unanswered", "garbage", "endless head"}:
            await asyncio.sleep(self._pace / 2)
        elif mood == "reset after head":
            await line.write(line.head(200, JSON, body=5000))
        elif self._plain(mood):
            body = plain(self._ask, self._words + 3)
            await line.write(line.head(200, JSON, body=len(body)) + body[:-20], body[:-20])
        else:
            await self._stream(len if mood == "closed after the last event" else lambda pieces: len(pieces) // 2)
        if mood == "reset in an event" and self._ask.stream:
            await line.write(b'1000\r\ndata: {"choi', b'data: {"choi')
        await asyncio.sleep(self._pace / 4)  # so that what was sent is read before what follows
        if mood in {"hang", "hangs midway"}:
            await asyncio.sleep(FOREVER)
        elif mood == "garbage":
            await line.write(b"\x16\x03\x01 what is HTTP?\r\n\r\n")
            line.close()
        elif mood == "garbage midway":
            await line.write(_NO_CHUNK, _NO_CHUNK if self._plain(mood) else b"")
            line.close()
        elif mood == "endless head":
            await line.write(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(40_000)))
            line.reset()
        elif mood in {"closed unanswered", "closed midway", "closed after the last event", "too short"}:
            line.close()
        else:
            line.reset()

    def _plain(self, mood: str) -> bool:
        """Whether the bad answer is a plain one, with its length told."""
        return mood == "too short" or not self._ask.stream


_NO_CHUNK = b"no chunk size\r\n"
_STRAY = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"stray"'
