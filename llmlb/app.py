"""The composition root: configuration in, running gateway out."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - asyncio would at the first look at the file: with no descriptor left?
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import structlog
from aiohttp import web

from llmlb.background import Background
from llmlb.clock import Clock, LoopClock
from llmlb.config.load import Loaded
from llmlb.config.model import Config
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.reload import Reloader
from llmlb.hangup import Hangup
from llmlb.nodes.discovery import Place, discover, places
from llmlb.telemetry import logs
from llmlb.web.application import application
from llmlb.web.control_path import socket_path
from llmlb.web.control_socket import control_socket
from llmlb.web.late import Make, add_late
from llmlb.web.server import Runner, Site, raise_descriptor_limit

if TYPE_CHECKING:
    from llmlb.gateway.steering import Steering

LOOK_AGAIN_SECS = 15.0
"""While no node is known, how often this machine is searched for one."""

_log = structlog.get_logger("llmlb")


@attrs.frozen
class Running:
    """A gateway that listens."""

    gateway: Gateway
    url: str
    found: tuple[Place, ...]
    """What was found on this machine, where nothing was configured."""
    failed: asyncio.Event
    """Set when the gateway cannot go on."""
    reloader: Reloader | None = None
    """Follows the configuration file, where there is one."""


@attrs.frozen(kw_only=True)
class ConfigFile:
    """The file that a gateway follows, and what was loaded from it. It need not be there yet."""

    path: Path
    loaded: Loaded
    environ: Mapping[str, str]


@asynccontextmanager
async def running(config: Config, clock: Clock | None = None, file: ConfigFile | None = None) -> AsyncIterator[Running]:
    """A gateway for this configuration, from listening to closed. Leaving drains it first.

    While no nodes are configured it looks for some on this machine until there is one. `file` is read again when it
    has changed. Raises OSError when it cannot listen.
    """
    clock = clock or LoopClock()
    failed = asyncio.Event()
    background = Background(died=lambda _: failed.set())
    gateway = Gateway(config, clock, background, [logs.RequestLog(clock).add])
    reloader = steering = None
    if file is not None:
        reloader = Reloader(gateway, file.path, file.loaded, file.environ, clock)
        steering = partial(_steering, file, gateway, reloader)
    runner = Runner(application(gateway, steering))
    await runner.setup()
    try:
        site = Site(runner, config.server.host, config.server.port)
        await site.start()
        url = address(runner, config.server.host)
        found: tuple[Place, ...] = ()
        if not config.nodes:
            found = await _look(gateway, config.server.port)
        background.start("discovery", _keep_looking(gateway, config.server.port, clock))
        async with AsyncExitStack() as stack:
            if file is not None and reloader is not None:
                await stack.enter_async_context(_following(file, reloader, gateway, url))
            yield Running(gateway, url, found, failed, reloader)
            await gateway.drain()  # and meanwhile say so to whoever asks or changes something
    finally:
        try:
            await runner.cleanup()
            gateway.close()
            await background.stop()
        finally:
            logs.flush()


async def serve(
    config: Config,
    file: ConfigFile | None,
    hangup: Hangup,
    announce: Callable[[Running], None],
    beside: Callable[[Running], Coroutine[Any, Any, None]] | None = None,
    abandon: Callable[[], None] = lambda: None,
) -> int:
    """Run a gateway until SIGTERM or SIGINT, then drain it. A second signal ends the process at once.

    Returns the exit code: 0 after a drain, 1 when the gateway could not go on. `announce` is called when it
    listens; `beside` runs from then on, and is cancelled before the drain. `file` is read again on SIGHUP, and when
    it has changed; when the terminal is closed, SIGHUP ends the gateway as SIGTERM does. `abandon` is called before
    a second signal ends the process. Raises OSError when it cannot listen.
    """
    logs.configure(config.log)
    raise_descriptor_limit()
    stop = asyncio.Event()

    def on_signal(number: int) -> None:
        if stop.is_set():
            abandon()
            logs.flush()
            os._exit(128 + number)
        _log.info("stopping", signal=signal.Signals(number).name)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        async with running(config, file=file) as gateway:
            hangup.tell(loop, partial(_on_hangup, gateway, hangup, stop, on_signal))
            announce(gateway)
            _log.info("listening", url=gateway.url, nodes=len(gateway.gateway.fleet))
            company = gateway.gateway.background.start("beside", beside(gateway)) if beside is not None else None
            await _first(stop, gateway.failed)
            if company is not None:
                company.cancel()
    finally:
        hangup.ignore()  # before the loop is closed, which would give SIGHUP its usual meaning back
    _log.info("stopped")
    return 1 if gateway.failed.is_set() else 0


def _on_hangup(gateway: Running, hangup: Hangup, stop: asyncio.Event, on_signal: Callable[[int], None]) -> None:
    if stop.is_set():
        _log.info("not reloaded", reason="stopping")
    elif hangup.terminal_closed:
        on_signal(signal.SIGHUP)
    elif gateway.reloader is None:
        _log.info("not reloaded", reason="not followed")
    else:
        gateway.reloader.ask("SIGHUP")


@asynccontextmanager
async def _following(file: ConfigFile, reloader: Reloader, gateway: Gateway, url: str) -> AsyncIterator[None]:
    """Follow the file, and answer the command line, until the end of the block."""
    task = gateway.background.start("configuration", reloader.run())
    since = gateway.clock.now()

    def for_commands() -> Make:
        from llmlb.web.control import control

        return partial(control, gateway, reloader.ask, file.environ, url=url, since=since)

    app = web.Application()
    add_late(app, for_commands, below=("/",))
    try:
        async with control_socket(socket_path(file.path), app, gateway.clock, gateway.background):
            yield
    finally:
        task.cancel()


def _steering(file: ConfigFile, gateway: Gateway, reloader: Reloader) -> Steering:
    from llmlb.gateway.steering import Steering  # here: only the operator's page steers

    return Steering(gateway, reloader, file.path, file.environ)


def address(runner: Runner, host: str) -> str:
    """Where the page is, as one would type it."""
    port = runner.addresses[0][1]
    shown = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


async def _first(*events: asyncio.Event) -> None:
    """Wait for any of the events."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _look(gateway: Gateway, port: int) -> tuple[Place, ...]:
    candidates = places(port)
    configs = await discover(candidates)
    if gateway.config.nodes or len(gateway.fleet):
        return ()  # some have been configured meanwhile, or still finish what they have
    for config in configs:
        gateway.fleet.add(config)
    names = {config.name for config in configs}
    return tuple(place for place in candidates if place.name in names)


async def _keep_looking(gateway: Gateway, port: int, clock: Clock) -> None:
    while True:
        again = asyncio.Event()
        clock.call_at(clock.now() + LOOK_AGAIN_SECS, again.set)
        await again.wait()
        if not gateway.config.nodes and not len(gateway.fleet):
            for place in await _look(gateway, port):
                _log.info("found a node", kind=place.title, port=place.port)
