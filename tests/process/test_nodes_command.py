"""`llmlb nodes` beside a running gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmlb.testing import ScriptedNode, eventually
from tests.process.commands import command
from tests.process.conftest import Serve


async def listed(folder: Path) -> dict[str, dict[str, Any]]:
    done = await command(folder, "nodes", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {node["name"]: node for node in json.loads(done.stdout)["nodes"]}


async def test_nodes_come_rest_and_go_while_the_gateway_runs(serve: Serve) -> None:
    gateway = await serve()
    folder = gateway.folder
    before = (folder / "config.toml").read_text(encoding="utf-8")
    other = await ScriptedNode.start()
    try:
        done = await command(folder, "nodes", "add", other.url, "--name", "b", "--model", "m", "--alias", "x=m")
        assert (done.returncode, done.stderr) == (0, "")
        assert "The running gateway has applied it." in done.stdout
        await eventually(lambda: other.probes, "it is asked")
        assert (await listed(folder))["b"]["aliases"] == {"x": "m"}

        assert (await command(folder, "nodes", "drain", other.url)).returncode == 0
        assert (await listed(folder))["b"]["state"] == "draining"
        table = (await command(folder, "nodes", "list")).stdout
        assert "drained by the operator" in table
        assert other.url in table

        assert (await command(folder, "nodes", "resume", "b")).returncode == 0
        assert (await listed(folder))["b"]["state"] in {"idle", "pending"}

        assert (await command(folder, "nodes", "remove", "b")).returncode == 0
        assert list(await listed(folder)) == ["n0"]
        assert (folder / "config.toml").read_text(encoding="utf-8") == before
    finally:
        await other.stop()


async def test_a_busy_node_that_is_removed_finishes_what_it_has(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.call("running")
    on_node = await gateway.node.received()
    done = await command(gateway.folder, "nodes", "remove", "n0")
    assert done.returncode == 0
    assert "No node is configured any more" in done.stdout
    assert (await listed(gateway.folder))["n0"]["reason"] == "removed: finishing what it has"
    await on_node.reply({"ok": 1})
    assert (await caller.reply()).status == 200
    await gateway.told("node removed")


async def test_a_file_that_is_refused_is_told(serve: Serve) -> None:
    gateway = await serve()
    done = await command(gateway.folder, "nodes", "add", "ftp://x")
    assert done.returncode == 2
    assert "Nothing was changed." in done.stderr
    file = gateway.folder / "config.toml"
    file.write_text(file.read_text(encoding="utf-8") + "\n[queue]\nmax_size = 0\n", encoding="utf-8")
    await gateway.told("configuration refused")
    done = await command(gateway.folder, "nodes", "list")
    assert done.returncode == 0
    assert "the former configuration still applies" in done.stderr
    gateway.expect_errors("configuration refused")
