"""`llmlb demo`: the gateway with simulated nodes behind it and sample traffic in front."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from llmlb.app import Running, serve
from llmlb.clock import LoopClock
from llmlb.config.model import Config
from llmlb.demo.setting import SAMPLE_KEYS, demo_config, demo_nodes
from llmlb.demo.traffic import trickle


async def serve_demo(config: Config, announce: Callable[[Running], None]) -> int:
    """Run the demo until a signal. Takes `config` but for its nodes and keys, which are the demo's own.

    Returns the exit code. Raises OSError when the gateway cannot listen.
    """
    async with AsyncExitStack() as stack:
        nodes = demo_nodes()
        for node in nodes:
            await node.start()
            stack.push_async_callback(node.stop)

        async def traffic(gateway: Running) -> None:
            await trickle(gateway.url, list(SAMPLE_KEYS.values()), clock=LoopClock())

        return await serve(demo_config([node.url for node in nodes], config), announce, beside=traffic)
