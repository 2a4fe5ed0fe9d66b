"""The configuration file, followed while the gateway runs: by itself, on a signal, and on request."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Mapping
from pathlib import Path as FilePath

import attrs
import structlog

from llmlb.clock import Clock
from llmlb.config.address import is_loopback
from llmlb.config.changes import Change, differences
from llmlb.config.document import digest_of, parse_document
from llmlb.config.follow import STILL_SECS, Patience, Reading, Watch, read_once
from llmlb.config.load import Loaded, load, load_document
from llmlb.config.model import Config
from llmlb.config.problems import ConfigError, Problem
from llmlb.config.shown import shown
from llmlb.gateway.gateway import Gateway
from llmlb.telemetry import logs

LOOK_SECS = 0.5
"""Between two looks at the file: a change takes effect when it has stood still for so long."""
LONGEST_SECS = 1.0
"""For which a file that keeps changing is read again and again before whoever asks is told so."""
CLAIM_SECS = 1.0
"""Whoever has written the file then asks for it to be read; had it been noticed just before, the change is theirs."""
BY_ITSELF = "file change"

_log = structlog.get_logger("llmlb.config")


@attrs.frozen(kw_only=True)
class Reload:
    """What came of reading the file again. With `problems`, or while `stopping`, what applied before still does."""

    problems: tuple[Problem, ...] = ()
    changed: tuple[str, ...] = ()
    """The settings that are others than before."""
    restart: tuple[str, ...] = ()
    """The settings that differ from what applies until the gateway is started anew."""
    stopping: bool = False


class Reloader:
    """Follows the file at `path`. `loaded` is what applies already; its `path` is None if there was no file yet.

    One task does all of it, so that no two versions overtake each other. Reading is done in a thread: a thousand
    nodes take a quarter of a second, and a disk of a network may take as long as it likes.
    """

    def __init__(
        self, gateway: Gateway, path: FilePath, loaded: Loaded, environ: Mapping[str, str], clock: Clock
    ) -> None:
        self._gateway = gateway
        self._environ = environ
        self._clock = clock
        self._loaded = loaded
        self._config = loaded.config
        self._has_existed = loaded.path is not None
        self._problems: tuple[Problem, ...] = ()
        self._unsettled = (Problem(reason="unsettled", file=str(path)),)
        self._watch = Watch(path)
        self._noticed: tuple[float, Reload, tuple[Change, ...]] | None = None
        """What was last taken without being asked, and when; until somebody says that it was theirs."""
        self._wake = asyncio.Event()
        self._asked: list[tuple[str, asyncio.Future[Reload]]] = []
        self._over = False

    def ask(self, by: str) -> asyncio.Future[Reload]:
        """Have the file read now. `by`: who wants it, for the log."""
        answer: asyncio.Future[Reload] = asyncio.get_running_loop().create_future()
        self._asked.append((by, answer))
        self._wake.set()
        if self._over:
            self._answer_first(len(self._asked), Reload(stopping=True))
        return answer

    def check_not_lost(self, content: bytes | None) -> None:
        """Raise ConfigError where this, None for no file, is what is left of the file that applies.

        Nothing is to be taken from it, nor written into it: what came of that would have no keys and be open to all.
        """
        file = str(self._watch.path)
        if content is None:
            if self._has_existed:
                raise ConfigError((Problem(reason="no_file", file=file),))
        elif self._config.api_keys and not content.removeprefix(codecs.BOM_UTF8).strip():
            raise ConfigError((Problem(reason="emptied", file=file),))

    def taken(self, content: bytes) -> Loaded | None:
        """What was made of this content, if it is what applies: to read and judge it anew takes long."""
        loaded = self._loaded  # once: this is asked in a thread, and there may be another meanwhile
        return loaded if digest_of(content) == loaded.digest else None

    async def run(self) -> None:
        """The task that follows the file."""
        try:
            while True:
                self._wake.clear()
                if not self._asked:
                    timer = self._clock.call_at(self._clock.now() + LOOK_SECS, self._wake.set)
                    await self._wake.wait()
                    timer.cancel()
                if self._asked:
                    await self._answer()
                elif await asyncio.to_thread(self._watch.look):
                    await self._reload(BY_ITSELF, asked=False)
        finally:
            self._over = True
            self._answer_first(len(self._asked), Reload(stopping=True))

    async def _answer(self) -> None:
        """One reading for all who ask; whoever asks while it goes on gets the next."""
        count = len(self._asked)
        came = await self._reload(", ".join(dict.fromkeys(by for by, _ in self._asked)), asked=True)
        self._answer_first(count, came)

    def _answer_first(self, count: int, came: Reload) -> None:
        for _, answer in self._asked[:count]:
            if not answer.done():
                answer.set_result(came)
        del self._asked[:count]

    async def _reload(self, by: str, *, asked: bool) -> Reload:
        result = await self._read(asked)
        if self._gateway.draining:
            return Reload(stopping=True)
        if result == self._unsettled and not asked:
            return Reload()  # it changes again, so it is looked at again
        return self._take(result, by, asked) if isinstance(result, Loaded) else self._refuse(result, by, asked)

    async def _read(self, asked: bool) -> Loaded | tuple[Problem, ...]:
        """What is in the file when nobody is just writing it: half a file may be one without keys, open to anyone."""
        patience, begun = Patience(), self._clock.now()
        while True:
            reading = await asyncio.to_thread(self._read_once)
            if patience.whole(reading):
                content = reading.content
                if not asked and isinstance(content, bytes) and digest_of(content) == self._loaded.digest:
                    return self._loaded  # nothing new, as at the first look: to judge it anew may take seconds
                return await asyncio.to_thread(self._judge, content)
            if self._clock.now() - begun >= LONGEST_SECS:
                return self._unsettled
            again = asyncio.Event()
            self._clock.call_at(self._clock.now() + STILL_SECS, again.set)
            await again.wait()

    def _read_once(self) -> Reading:
        self._watch.reading()
        return read_once(self._watch.path, self._clock)

    def _judge(self, content: bytes | ConfigError) -> Loaded | tuple[Problem, ...]:
        path = self._watch.path
        try:
            if isinstance(content, ConfigError):
                if content.problems[0].reason != "no_file":
                    return content.problems
                self.check_not_lost(None)
                loaded = load(None, self._environ)
            else:
                self.check_not_lost(content)
                loaded = load_document(parse_document(content, str(path)), path, self._environ)
            self._check_not_open(loaded.config)
            return loaded
        except ConfigError as error:
            return error.problems

    def _check_not_open(self, config: Config) -> None:
        """Raise ConfigError where this would let everybody in by the address listened on, whatever it says itself.

        An address takes a restart to change, but keys are gone at once.
        """
        host = self._gateway.config.server.host
        if not config.api_keys and not config.server.allow_anonymous and not is_loopback(host):
            file = str(self._watch.path)
            raise ConfigError((Problem(reason="anonymous_still", file=file, values={"host": shown(host)}),))

    def _refuse(self, problems: tuple[Problem, ...], by: str, asked: bool) -> Reload:
        if asked:
            self._write_log(self._config, self._config)  # it may have been moved away all the same
        if asked or problems != self._problems:
            for problem in problems:
                _log.error("configuration refused", by=by, problem=problem.text("en"))
        self._problems = problems
        self._gateway.config_refused = True
        return Reload(problems=problems)

    def _take(self, loaded: Loaded, by: str, asked: bool) -> Reload:
        self._loaded = loaded
        before, now = self._config, loaded.config
        self._has_existed |= loaded.path is not None
        mended, self._problems = bool(self._problems), ()
        self._gateway.config_refused = False
        if now == before and not asked:
            if mended:
                _log.info("configuration as before", by=by)
            return Reload()
        # Also if nothing has changed: a file that the configuration names may have.
        restart = self._gateway.apply(now)
        self._config = now
        self._write_log(before, now)
        differing = differences(before, now)
        came = Reload(changed=tuple(change.name for change in differing), restart=restart)
        if asked and not differing and self._noticed is not None and self._clock.now() < self._noticed[0] + CLAIM_SECS:
            _, came, differing = self._noticed
            self._gateway.changes.claim(by)
        else:
            self._gateway.changes.add(by, differing)
        self._noticed = (self._clock.now(), came, differing) if differing and not asked else None
        values = {change.name: change.values for change in differing if change.values}
        told = {"values": values} if values else {}
        _log.info("configuration applied", by=by, changed=list(came.changed), **told)
        if restart:
            _log.warning("restart needed", settings=list(restart))
        return came

    def _write_log(self, before: Config, now: Config) -> None:
        """A log file is opened anew: it may have been moved away to make room for the next."""
        if now.log == before.log and not now.log.file:
            return
        try:
            logs.configure(now.log)
        except OSError as error:
            _log.error("log file cannot be opened", file=now.log.file, reason=error.strerror)
