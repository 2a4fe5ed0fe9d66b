"""The clients: each sends what its script says, and leaves as it says."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress

from benchmarks.chaos.bodies import last_event, request_body, request_head
from benchmarks.chaos.ledger import Entry, Ledger, Seen
from benchmarks.chaos.reading import Reading, Unreadable
from benchmarks.chaos.script import FEED, Ask, Look, Session

PATIENCE_SECS = 60.0
"""By then every limit of the gateway is over, however often a request was tried."""
SMALL = 16 * 1024
SLOW_SECS = 0.02
PIECES = 6
_LOOK = b"GET %b HTTP/1.1\r\nHost: localhost\r\nx-api-key: key-one\r\nConnection: close\r\n\r\n"


class Line:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, *, small: bool) -> Line:
        """Connect; with `small` buffers, so that a reader who stalls is noticed. Raises OSError."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if small:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            return cls(*await asyncio.open_connection(sock=sock, limit=SMALL if small else 2**18))
        except BaseException:
            sock.close()
            raise

    def leave(self, how: str) -> None:
        """Go: `close` (FIN after what is written), `reset` (RST), or `half` (FIN, but reading on)."""
        if self.writer.transport.is_closing():
            return
        if how == "half":
            with suppress(OSError):  # it may just have been cut
                self.writer.write_eof()
        elif how == "reset":
            sock: socket.socket = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()

    def close(self) -> None:
        """Be gone in any case."""
        self.writer.transport.abort()


async def play(session: Session, port: int, ledger: Ledger) -> None:
    """What one client does from its first request to its last."""
    line: Line | None = None
    try:
        for ask in session.asks:
            entry = ledger.begin(ask)
            try:
                line = line or await Line.open(port, small=ask.huge)
            except OSError as error:
                _saw(entry, Seen("unreachable", problem=type(error).__name__))
                continue
            if not await _one(ask, entry, line, ledger):
                line.close()
                line = None
    finally:
        if line is not None:
            line.close()


async def look(what: Look, port: int, ledger: Ledger) -> None:
    """Somebody looks at a page, or at its stream for a while. Only the answer matters, and that one comes."""
    try:
        async with asyncio.timeout(PATIENCE_SECS):
            line = await Line.open(port, small=False)
            try:
                line.writer.write(_LOOK % what.path.encode())
                reading = Reading()
                while not reading.begun and (data := await line.reader.read(2**16)):
                    reading.feed(data)
                if what.path == FEED:
                    await asyncio.sleep(what.secs)
                if reading.status not in (200, 503):  # /readyz says 503 when no node can be used
                    ledger.breaks("the gateway answers about itself", f"{what.path}: {reading.status}")
            finally:
                line.close()
    except (OSError, Unreadable, TimeoutError) as error:
        if not ledger.stopping:
            ledger.breaks("the gateway answers about itself", f"{what.path}: {error!r}")
    ledger.count("looks", what.path)


async def _one(ask: Ask, entry: Entry, line: Line, ledger: Ledger) -> bool:
    """Send one request and read its reply. Whether the connection can be used again."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def leave() -> None:
        if entry.left_at is None and entry.seen is None:
            entry.left_at = time.time()
            ledger.count("clients left", f"{ask.leave.when}, {ask.leave.how}")
            line.leave(ask.leave.how)

    reading, problem = Reading(), ""
    if ask.leave.when == "granted":
        ledger.on_grant[ask.id] = leave
    try:
        async with asyncio.timeout(PATIENCE_SECS):
            with suppress(ConnectionError):  # it may have been answered all the same
                await _send(ask, entry, line)
            if ask.leave.when in ("sending", "sent"):
                leave()
            elif ask.leave.when == "waiting":
                timer = loop.call_later(ask.leave.after, leave)
            while not reading.complete and (data := await line.reader.read(SMALL if ask.huge else 2**16)):
                reading.feed(data)
                await _in_the_reply(ask, entry, reading)
                if _time_to_leave(ask, reading):
                    leave()
        kind = "cut" if reading.begun else "nothing"
        if reading.ends_with_connection and entry.left_at is None:
            kind = "reply"
    except ConnectionError as error:
        kind, problem = ("cut" if reading.begun else "nothing"), type(error).__name__
    except Unreadable as why:
        kind, problem = "garbled", str(why)
    except TimeoutError:
        kind, problem = "silent", f"nothing in {PATIENCE_SECS:g} s, {reading.got} bytes before"
    finally:
        if timer is not None:
            timer.cancel()
        ledger.on_grant.pop(ask.id, None)
    if reading.complete:
        kind = "reply"
    if reading.rest:
        ledger.breaks("nothing after a reply", f"{reading.rest[:100]!r}", ask.id)
    _saw(entry, Seen(kind, reading.status, reading.headers, bytes(reading.body), reading.got, problem))
    return kind == "reply" and entry.left_at is None and reading.headers.get("connection", "").lower() != "close"


async def _send(ask: Ask, entry: Entry, line: Line) -> None:
    body = request_body(ask)
    data = request_head(ask, len(body)) + body
    pieces = [data]
    if ask.leave.when == "sending":
        pieces = [data[: int(len(data) * ask.leave.after)]]
    elif ask.leave.when == "upload":
        step = len(data) // PIECES + 1
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
    for piece in pieces:
        line.writer.write(piece)
        await line.writer.drain()
        if len(pieces) > 1:
            await asyncio.sleep(ask.leave.after * 0.1)
    if ask.leave.when != "sending":
        entry.sent_at = time.time()


async def _in_the_reply(ask: Ask, entry: Entry, reading: Reading) -> None:
    """Take one's time."""
    if ask.leave.when == "stall" and reading.begun and not entry.stalled:
        entry.stalled = True
        await asyncio.sleep(ask.leave.after)
    elif ask.leave.when == "slow" and not reading.complete:
        entry.stalled = True
        await asyncio.sleep(SLOW_SECS)


def _time_to_leave(ask: Ask, reading: Reading) -> bool:
    match ask.leave.when:
        case "head":
            return reading.begun
        case "middle":
            return len(reading.body) > 0
        case "almost":
            return last_event(ask) in reading.body
    return False


def _saw(entry: Entry, seen: Seen) -> None:
    entry.seen, entry.seen_at = seen, time.time()
