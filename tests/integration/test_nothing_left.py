"""What is over leaves nothing for the collector of garbage, which stops everything while it works."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from llmlb.config.model import Queue
from llmlb.gateway.visit import Visit
from llmlb.testing import ScriptedNode, eventually
from tests.integration.bench import config
from tests.integration.conftest import Start

ONCE = {"Connection": "close"}
"""A connection that is kept keeps the last request that came on it."""


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What refers to itself stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> weakref.WeakSet[Visit]:
    """Those there are, over or not."""
    known: weakref.WeakSet[Visit] = weakref.WeakSet()
    begin = Visit.__init__

    def watched(self: Visit, *arguments: Any) -> None:
        begin(self, *arguments)
        known.add(self)

    monkeypatch.setattr(Visit, "__init__", watched)
    return known


async def none_left(visits: weakref.WeakSet[Visit]) -> None:
    await eventually(lambda: not visits, "all that is over is gone")


@pytest.mark.usefixtures("uncollected")
async def test_a_request_that_was_served_is_gone(
    node: ScriptedNode, start: Start, visits: weakref.WeakSet[Visit]
) -> None:
    gateway = await start(config(node))
    answered = await gateway.arrive(headers=ONCE)
    assert len(visits) == 1  # they are watched
    await (await node.received()).reply({})
    assert (await answered).status == 200
    await none_left(visits)


@pytest.mark.usefixtures("uncollected")
async def test_so_is_one_that_was_refused_waited_too_long_or_failed(
    node: ScriptedNode, start: Start, visits: weakref.WeakSet[Visit]
) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1, timeout_secs=1)))
    failing, late = await gateway.arrive(headers=ONCE), await gateway.arrive(headers=ONCE)
    assert (await gateway.post(headers=ONCE)).status == 429
    assert (await late).status == 504
    (await node.received()).close()
    assert (await failing).status == 502
    await none_left(visits)


@pytest.mark.usefixtures("uncollected")
async def test_so_is_one_whose_client_left(node: ScriptedNode, start: Start, visits: weakref.WeakSet[Visit]) -> None:
    gateway = await start(config(node))
    served, waiting = await gateway.arrive(), await gateway.arrive()
    waiting.cancel()
    served.cancel()
    await gateway.quiet()
    await none_left(visits)
