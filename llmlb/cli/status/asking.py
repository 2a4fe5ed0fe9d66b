"""Asks a running gateway again and again, without holding up whoever waits for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp

from llmlb.cli.control_client import NotRunning, Unreachable, unreachable
from llmlb.web.control_path import socket_to_ask

PATIENCE_SECS = 2.0
"""For an answer, before it is said that there is none."""


class Asking:
    """A way to the gateway that runs with a configuration file, wherever that may be by the time of the question."""

    def __init__(self, config: Path) -> None:
        self._config = config

    async def get(self, target: str) -> Any:
        """Its answer. Raises NotRunning or Unreachable, or TimeoutError when there is none in time."""
        connector = aiohttp.UnixConnector(path=str(socket_to_ask(self._config)))
        try:
            async with (
                asyncio.timeout(PATIENCE_SECS),
                aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.get(f"http://localhost{target}") as reply,
            ):
                content = await reply.read()
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
                raise NotRunning from None
            raise unreachable(error.os_error) from None
        except aiohttp.ClientError:
            raise NotRunning from None  # it has just stopped
        if reply.status != 200:
            raise Unreachable(f"HTTP {reply.status}")
        return json.loads(content)
