"""An https node whose certificate is renewed, and with it what its `ca_file` holds."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from llmlb.config.model import NodeConfig
from llmlb.testing import ManualClock, eventually
from tests.integration.bench import config
from tests.integration.conftest import Start

TLS = Path(__file__).parent / "tls"


class HttpsNode:
    """A node that keeps no connection, and has the certificate that it was given last."""

    def __init__(self) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        app = web.Application()
        app.add_routes([web.get("/v1/models", self._models), web.post("/v1/chat/completions", self._chat)])
        self.runner = web.AppRunner(app)

    def has(self, certificate: str) -> None:
        """From the next connection on."""
        self._context.load_cert_chain(TLS / f"{certificate}.pem", TLS / f"{certificate}.key")

    async def start(self) -> str:
        """Its URL."""
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self._context).start()
        return f"https://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]})

    async def _chat(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True}, headers={"Connection": "close"})


@pytest.fixture
async def node() -> AsyncIterator[HttpsNode]:
    one = HttpsNode()
    yield one
    await one.runner.cleanup()


async def test_renewed_certificates_are_believed_when_their_file_has_them(
    tmp_path: Path, node: HttpsNode, start: Start, clock: ManualClock
) -> None:
    file = tmp_path / "ca.pem"
    node.has("node")
    file.write_bytes((TLS / "node.pem").read_bytes())
    gateway = await start(config(NodeConfig(name="n1", url=await node.start(), ca_file=str(file))), clock)
    assert (await gateway.post()).status == 200
    node.has("renewed")
    assert (await gateway.post()).status == 503
    assert gateway.states["n1"] == "offline"
    file.write_bytes((TLS / "renewed.pem").read_bytes())

    def back() -> bool:
        clock.advance(1)
        return gateway.states["n1"] == "idle"

    await eventually(back, "the node is believed again")
    assert [(await gateway.post()).status for _ in range(2)] == [200, 200]
