"""What passes through leaves nothing behind: memory does not grow with the bytes of a reply."""

from __future__ import annotations

from pathlib import Path

from llmlb.testing import Received
from tests.process.caller import Caller
from tests.process.conftest import Serve
from tests.process.program import Gateway

PIECE = b'data: {"choices": [{"index": 0, "delta": {"content": "%b"}}]}\n\n' % (b"x" * 16_000)
WARM, MANY = 500, 4000
MUCH = 16 * 2**20


def resident(gateway: Gateway) -> int:
    """Bytes of memory that the process has."""
    pages = int(Path(f"/proc/{gateway.process.pid}/statm").read_text().split()[1])
    return pages * 4096


async def stream(request: Received, caller: Caller, count: int) -> None:
    """So many events from the node to the client, a few at a time."""
    for _ in range(0, count, 50):
        await request.send(PIECE * 50)
        for _ in range(50):
            await caller.reads(b'"}}]}\n\n')


async def test_an_endless_stream_does_not_fill_the_memory(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.call("endless", stream=True)
    request = await gateway.node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await stream(request, caller, WARM)
    before = resident(gateway)
    await stream(request, caller, MANY)
    assert resident(gateway) - before < MUCH, f"{len(PIECE) * MANY / 1e6:.0f} MB have passed"
    await request.event("[DONE]")
    await request.end()
    await gateway.counts(waiting=0, processing=0)
    assert (await gateway.logged("endless"))["endless"]["outcome"] == "served"
