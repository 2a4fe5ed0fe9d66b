"""The events of /v1/responses are numbered, and so is the error that ends a broken stream of them."""

from __future__ import annotations

import json

import pytest

from llmlb.testing import ScriptedNode
from tests.integration.bench import config
from tests.integration.conftest import Start

KIND = "response.output_text.delta"


@pytest.mark.parametrize("begun", ["", f'event: {KIND}\ndata: {{"type": "{KIND}", "delta": "half'])
async def test_the_error_has_the_number_after_the_last(begun: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    opening = gateway.open("/v1/responses")
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    for number in range(12):
        await request.event({"type": KIND, "sequence_number": number, "delta": "word"}, KIND)
    await request.send(begun.encode() or b": nothing more\n\n")
    response = await opening
    received = b""
    while not received.endswith(begun.encode() or b"more\n\n"):
        received += await response.content.readany()
    request.reset()
    while not received.endswith(b"}\n\n") or b"node_failed" not in received:
        received += await response.content.readany()
    response.close()
    last = json.loads(received.split(b"data: ")[-1])
    assert (last["type"], last["code"], last["sequence_number"]) == ("error", "node_failed", 12)
    names = [line for line in received.decode().split("\n") if line.startswith("event: ")]
    assert names[-1] == "event: error"
