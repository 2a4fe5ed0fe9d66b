"""The Unix socket beside the configuration file, through which the command line reaches a running gateway."""

from __future__ import annotations

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

ONLY_OWNER = 0o600
CLOSING_SECS = 1.0
"""For a command that is just being answered when the gateway stops."""

_log = structlog.get_logger("llmlb")


@asynccontextmanager
async def control_socket(path: Path, app: web.Application) -> AsyncIterator[None]:
    """Answer on the socket at `path` until the end of the block. Where that cannot be, say so and go on without."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING_SECS)
    await runner.setup()
    with contextlib.ExitStack() as stack:
        try:
            try:
                await web.SockSite(runner, stack.enter_context(listening(path))).start()
            except OSError as error:
                _log.warning("no control socket", path=str(path), reason=error.strerror or str(error))
            yield
        finally:
            await runner.cleanup()


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


def _identity(path: Path) -> tuple[int, int]:
    seen = path.lstat()
    return seen.st_dev, seen.st_ino


def _remove(path: Path, identity: tuple[int, int]) -> None:
    """Remove what we have made, and nothing that has taken its place."""
    with contextlib.suppress(OSError):
        if _identity(path) == identity:
            path.unlink()
