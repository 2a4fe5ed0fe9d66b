"""`llmlb demo`: the gateway with simulated nodes behind it and sample traffic in front."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import attrs

from llmlb.app import ConfigFile, Running, serve
from llmlb.clock import LoopClock
from llmlb.config.document import read_document
from llmlb.config.load import Loaded, load
from llmlb.config.password import hash_password
from llmlb.demo.setting import SAMPLE_KEYS, demo_file, demo_nodes, demo_settings
from llmlb.demo.traffic import trickle
from llmlb.hangup import Hangup

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another."""


@attrs.frozen(kw_only=True)
class Demo:
    """What somebody has to know who wants to try everything."""

    file: Path
    """Its configuration, which goes with it."""
    password: str
    """The operator's; empty where it is not the demo's own."""


async def serve_demo(
    loaded: Loaded, environ: Mapping[str, str], hangup: Hangup, announce: Callable[[Running, Demo], None]
) -> int:
    """Run the demo until a signal, with the settings of `loaded` but for its nodes and keys, which are its own.

    It follows a file of its own, in a directory that is gone in the end: what is tried with it changes no other file.
    Returns the exit code. Raises OSError when the gateway cannot listen, or there is nowhere to put the file.
    """
    password = "" if loaded.config.operator.password_hash else _password()
    password_hash = await asyncio.to_thread(hash_password, password) if password else ""
    async with AsyncExitStack() as stack:
        nodes = demo_nodes()
        for node in nodes:
            await node.start()
            stack.push_async_callback(node.stop)
        directory = tempfile.TemporaryDirectory(prefix="llmlb-demo-", ignore_cleanup_errors=True)
        file = Path(stack.enter_context(directory)) / "config.toml"
        settings = demo_settings([node.url for node in nodes], _given(loaded), password_hash)
        file.write_text(demo_file(settings), encoding="utf-8")
        mine = load(file, environ)

        async def traffic(gateway: Running) -> None:
            await trickle(gateway.url, list(SAMPLE_KEYS.values()), clock=LoopClock())

        return await serve(
            mine.config,
            ConfigFile(path=file, loaded=mine, environ=environ),
            hangup,
            lambda gateway: announce(gateway, Demo(file=file, password=password)),
            beside=traffic,
            abandon=directory.cleanup,
        )


def _given(loaded: Loaded) -> dict[str, object]:
    """What the file says that the demo was given, if any. A relative path in it starts where that file is."""
    if loaded.path is None:
        return {}
    given = read_document(loaded.path).data
    if given.get("log", {}).get("file"):
        given["log"]["file"] = loaded.config.log.file
    return given


def _password() -> str:
    """One that is easily typed, and guessed by nobody: the demo may be open to other machines."""
    return "demo-" + "".join(secrets.choice(_LETTERS) for _ in range(12))
