"""Changes tried before they are made: `llmlb simulate` on what was last logged, beside the gateway and in its shade."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from aiohttp import web

from llmlb.messages import Locale
from llmlb.telemetry.lines import printable

LONGEST_SECS = 30.0
"""For which a trial may compute."""
MOST_HISTORY = 2 * 1024 * 1024
"""Bytes of the log, its newest, that are replayed: some 5,000 requests."""
MOST_OUTPUT = 64 * 1024
_LANGUAGES = {"ja": "ja_JP.UTF-8", "en": "C.UTF-8"}


class TrialFailed(Exception):
    """There is nothing to show. `key`: of the words that say why; `detail`: what the command said."""

    def __init__(self, key: str, detail: str = "") -> None:
        self.key = key
        self.detail = detail
        super().__init__(key)


class Trials:
    """One at a time: each takes a whole processor."""

    def __init__(self) -> None:
        self._busy = False

    async def run(self, config: Path, log: Path, settings: Sequence[str], locale: Locale) -> str:
        """What the command says of these settings, such as `queue.max_size=200`. Raises TrialFailed."""
        if self._busy:
            raise TrialFailed("try_busy")
        self._busy, name = True, printable(str(log))
        try:
            with tempfile.NamedTemporaryFile(prefix="llmlb-history-") as history:
                try:
                    if not await asyncio.to_thread(_copy_newest, log, Path(history.name)):
                        raise TrialFailed("try_empty")
                except OSError as error:
                    raise TrialFailed("try_no_log", error.strerror or type(error).__name__) from None
                # Absolute, so that no name of a file can be taken for an option.
                files = ["--history", history.name, "--config", os.path.abspath(config)]  # noqa: ASYNC240 - asks no disk
                try:
                    return (await _simulate([*files, "--set", *settings], locale)).replace(history.name, name)
                except TrialFailed as why:
                    raise TrialFailed(why.key, why.detail.replace(history.name, name)) from None
        finally:
            self._busy = False


TRIALS = web.AppKey("operator_trials", Trials)


async def _simulate(arguments: Sequence[str], locale: Locale) -> str:
    environ = {**os.environ, "LC_ALL": _LANGUAGES[locale], "PYTHONUTF8": "1"}
    words = [sys.executable, "-m", "llmlb", "simulate", *arguments]
    if (nice := shutil.which("nice")) is not None:  # requests come first
        words = [nice, "-n", "15", *words]
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environ
        )
    except OSError as error:
        raise TrialFailed("try_failed", error.strerror or type(error).__name__) from None
    async with _not_left_behind(process):
        try:
            async with asyncio.timeout(LONGEST_SECS):
                told, complaint = await process.communicate()
        except TimeoutError:
            raise TrialFailed("try_long") from None
    if process.returncode:
        raise TrialFailed("try_failed", _lines(complaint))
    return _lines(told)


@contextlib.asynccontextmanager
async def _not_left_behind(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """End the process at the end of the block, also when the operator has left."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _copy_newest(log: Path, to: Path) -> bool:
    """Copy the last whole lines of a log. Returns whether there may be a request among them."""
    with log.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - MOST_HISTORY))
        if size > MOST_HISTORY:
            stream.readline()
        newest = stream.read(MOST_HISTORY)
        to.write_bytes(newest)
        return b'"request"' in newest


def _lines(output: bytes) -> str:
    """What a command has said, each line as one that means what it looks like."""
    text = output[:MOST_OUTPUT].decode("utf-8", "replace")
    return "\n".join(printable(line) for line in text.split("\n")).strip("\n")
