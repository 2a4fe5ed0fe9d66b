"""A node that the operator gave no name is called by its address, which is the operator's business alone (S3, H6)."""

from __future__ import annotations

from urllib.parse import urlsplit

from llmlb.config.model import Health, NodeConfig
from llmlb.testing import eventually
from tests.integration.bench import config
from tests.integration.conftest import NewNode, Start

FROM_ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}


async def test_strangers_see_a_number_and_the_operator_the_address(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    nodes = (NodeConfig(url=first.url, name="gpu-1"), NodeConfig(url=second.url))
    gateway = await start(config(*nodes, health=Health(interval_secs=0.1)))
    address = urlsplit(second.url).netloc
    await second.stop()
    await eventually(lambda: "offline" in gateway.states.values(), "it is noticed")
    assert set(gateway.states) == {"gpu-1", "#2"}
    page = (await gateway.get("/?lang=en")).body.decode()
    async with gateway.client.get(gateway.url + "/api/queue/events?lang=en") as stream:
        event = (await stream.content.readuntil(b"#2")).decode()
    metrics = (await gateway.get("/metrics", headers=FROM_ELSEWHERE)).body.decode()
    assert "Offline: #2" in page
    assert 'llmlb_node_state{node="#2",state="offline"} 1.0' in metrics
    assert 'llmlb_node_failures_total{node="#2"}' in metrics
    for told in (page, event, metrics):
        assert address not in told
        assert "gpu-1" in told
    assert f'node="{address}"' in (await gateway.get("/metrics")).body.decode(), "to programs of this machine"
    desk = gateway.gateway.desk()
    assert [node.name for node in desk.nodes] == ["gpu-1", address]
    assert [node.name for node in desk.overview.nodes] == ["gpu-1", address]
