"""The Unix socket beside the configuration file, through which the command line reaches a running gateway."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
from aiohttp import web

from llmlb.background import Background
from llmlb.clock import Clock

ONLY_OWNER = 0o600
LOOK_SECS = 0.5
"""Between two looks at whether the socket is there still: an emptied directory takes it along."""
CLOSING_SECS = 1.0
"""For a command that is just being answered when the gateway stops."""

_Identity = tuple[int, int]
"""Of a file: its device and number there."""

_log = structlog.get_logger("llmlb")


@asynccontextmanager
async def control_socket(path: Path, app: web.Application, clock: Clock, background: Background) -> AsyncIterator[None]:
    """Answer on the socket at `path` until the end of the block.

    Where that cannot be, or its socket is gone or another's, say so once, go on without, and begin as soon as it can.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING_SECS)
    await runner.setup()
    door = _Door(path, runner)
    try:
        await door.open()
        following = background.start("control socket", door.keep_open(clock))
        try:
            yield
        finally:
            following.cancel()
    finally:
        await runner.cleanup()
        door.remove()


class _Door:
    """Where a runner listens at `path`, or why it does not."""

    def __init__(self, path: Path, runner: web.AppRunner) -> None:
        self._path = path
        self._runner = runner
        self._site: web.SockSite | None = None
        self._identity: _Identity | None = None
        self._made = contextlib.ExitStack()
        """Removes what has been made, and nothing that has taken its place."""
        self._said = ""

    async def keep_open(self, clock: Clock) -> None:
        """The task that listens again. To look is left to a thread: a disk of a network may take its time."""
        while True:
            again = asyncio.Event()
            clock.call_at(clock.now() + LOOK_SECS, again.set)
            await again.wait()
            if await asyncio.to_thread(self._is_lost):
                if self._site is not None:
                    await self._site.stop()
                self.remove()
                if await self.open():
                    _log.info("control socket again", path=str(self._path))

    async def open(self) -> bool:
        """Listen. Returns whether that worked; if not, the log has the reason, unless it has been told."""
        try:
            self._site = web.SockSite(self._runner, self._made.enter_context(listening(self._path)))
            await self._site.start()
            self._identity = _identity(self._path)
        except OSError as error:
            reason = error.strerror or str(error)
            if reason != self._said:
                _log.warning("no control socket", path=str(self._path), reason=reason)
            self._said = reason
            return False
        self._said = ""
        return True

    def remove(self) -> None:
        """Leave nothing behind. Nobody must listen any more."""
        self._made.close()
        self._site = self._identity = None

    def _is_lost(self) -> bool:
        try:
            return _identity(self._path) != self._identity
        except OSError:
            return True


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that listens at `path`, and is removed in the end.

    One left behind by a gateway that crashed is replaced; one that somebody answers on is not. It is never there
    without listening, nor open to others. Raises OSError.
    """
    _make_sure_it_is_free(path)
    first = path.with_name(f".{path.name}.{os.getpid()}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as mine, contextlib.ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError):
            first.unlink()
        mine.bind(str(first))
        stack.callback(_remove, first, _identity(first))
        first.chmod(ONLY_OWNER)
        mine.listen()
        stack.callback(_remove, path, _identity(first))
        first.rename(path)
        yield mine


def _make_sure_it_is_free(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "something else is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
        except BlockingIOError:
            pass  # it is so busy that there is a line
    raise OSError(errno.EADDRINUSE, "another gateway uses it")


def _identity(path: Path) -> _Identity:
    seen = path.lstat()
    return seen.st_dev, seen.st_ino


def _remove(path: Path, identity: _Identity) -> None:
    """Remove what we have made, and nothing that has taken its place."""
    with contextlib.suppress(OSError):
        if _identity(path) == identity:
            path.unlink()
