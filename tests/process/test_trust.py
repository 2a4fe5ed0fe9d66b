"""Whom a gateway trusts that was started as users start one: it does not read the trust store until it needs it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from llmlb.testing import eventually
from tests.process.program import ROOT, START_SECS, Program, config_text

TLS = ROOT / "tests" / "integration" / "tls"
CERTIFICATE, KEY = TLS / "node.pem", TLS / "node.key"


@pytest.fixture
async def node() -> AsyncIterator[str]:
    """The URL of an https node with a certificate of its own making."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]})

    app = web.Application()
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize(("trusted", "says"), [(True, '"state":"online"'), (False, '"reason":"TLS failed')])
async def test_a_node_is_believed_where_the_systems_trust_store_vouches_for_it(
    node: str, tmp_path: Path, trusted: bool, says: str
) -> None:
    (tmp_path / "config.toml").write_text(config_text([("n", node)], {"server": {"port": 0}}), encoding="utf-8")
    store = {"SSL_CERT_FILE": str(CERTIFICATE)} if trusted else {}
    program = Program(tmp_path, "serve", env=store)
    try:
        await eventually(lambda: says in program.err, f"{says} in the log", START_SECS)
    finally:
        program.kill()


def test_what_aiohttp_would_connect_with_by_itself_trusts_nobody_and_what_comes_after_is_as_ever() -> None:
    code = """
import json, ssl, llmlb.cli.commands, llmlb.config.load, llmlb.config.report
from llmlb.cli.trust import nobody_trusted_yet
with nobody_trusted_yet():
    from aiohttp import connector
own = connector._SSL_CONTEXT_VERIFIED
later = ssl.create_default_context()
trusted = [context.cert_store_stats()["x509"] for context in (own, later)]
print(json.dumps([*trusted, own.verify_mode, own.check_hostname]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(CERTIFICATE)},
        capture_output=True,
        check=True,
    )
    assert json.loads(ran.stdout) == [0, 1, ssl.CERT_REQUIRED, True]
