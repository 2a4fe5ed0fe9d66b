"""The configuration file changes while the real program runs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmlb.testing import ScriptedNode, eventually
from llmlb.testing.waiting import within
from tests.process.conftest import Serve
from tests.process.program import START_SECS, Gateway, Program, config_text
from tests.process.test_stopping import EVENTS, PIECE


def file_of(gateway: Gateway) -> Path:
    return gateway.folder / "config.toml"


def edit(gateway: Gateway, change: Callable[[str], str]) -> None:
    """Save the file in place, as an editor does."""
    file = file_of(gateway)
    file.write_text(change(file.read_text()))


def lines(gateway: Gateway, event: str) -> list[dict[str, Any]]:
    return [line for line in gateway.log if line["event"] == event]


async def refused(gateway: Gateway) -> float:
    text = (await gateway.get("/metrics")).body.decode()
    return float(text.partition("\nllmlb_config_refused ")[2].partition("\n")[0])


async def test_a_change_by_itself_and_on_a_signal_drops_nobody(serve: Serve) -> None:
    gateway = await serve()
    other = await ScriptedNode.start()
    try:
        stream = await gateway.call("stream", stream=True)
        on_node = await gateway.node.received()
        await on_node.start(headers=EVENTS)
        await on_node.send(PIECE)
        await stream.reads(PIECE)
        waiting = [await gateway.queued(f"w{n}", waiting=n + 1) for n in range(3)]

        edit(gateway, lambda text: text + f'[[nodes]]\nname = "other"\nurl = "{other.url}"\n')
        first = await other.received()
        assert first.header("x-request-id") == "w0"
        (line,) = lines(gateway, "configuration applied")
        assert (line["by"], line["changed"]) == ("file change", ["nodes.other added"])

        edit(
            gateway,
            lambda text: text.replace('name = "other"', 'name = "other"\ndrain = true') + "\n[queue]\nmax_size = 2\n",
        )
        gateway.send(signal.SIGHUP)
        await eventually(lambda: len(lines(gateway, "configuration applied")) == 2, "the second change is applied")
        assert lines(gateway, "configuration applied")[1]["by"] == "SIGHUP"
        assert (await gateway.stats())["waiting_count"] == 2, "nobody has to go"
        full = await gateway.call("full")
        assert (await full.reply()).status == 429

        await first.reply({"ok": 1})
        await on_node.send(b"data: [DONE]\n\n")
        await on_node.end()
        for _ in range(2):
            await (await gateway.node.received()).reply({"ok": 1})
        await stream.reads(b"data: [DONE]\n\n")
        assert [(await caller.reply()).status for caller in waiting] == [200] * 3
        assert gateway.order() == ["stream", "w1", "w2"]
        assert len(other.seen) == 1
    finally:
        await other.stop()


async def test_a_broken_file_is_told_and_changes_nothing_until_it_is_mended(serve: Serve) -> None:
    gateway = await serve()
    gateway.node.auto()
    right = file_of(gateway).read_text()
    assert await refused(gateway) == 0
    edit(gateway, lambda text: text + "\n[queue]\nmax_size = 0\ntimeout_secs = true\n")
    await eventually(lambda: len(lines(gateway, "configuration refused")) == 2, "each problem has a line")
    assert {line["level"] for line in lines(gateway, "configuration refused")} == {"error"}
    assert await refused(gateway) == 1
    caller = await gateway.call("served")
    assert (await caller.reply()).status == 200

    file_of(gateway).unlink()
    await eventually(lambda: len(lines(gateway, "configuration refused")) == 3, "it is missed")
    assert (await (await gateway.call("still")).reply()).status == 200

    file_of(gateway).write_text(right)
    await gateway.told("configuration as before")
    assert await refused(gateway) == 0
    gateway.expect_errors("configuration refused")


async def test_what_needs_a_restart_is_told_and_variables_go_on_winning(serve: Serve) -> None:
    gateway = await serve(env={"LLMLB_QUEUE_MAX_SIZE": "9"})
    edit(gateway, lambda text: text.replace("port = 0", "port = 1") + "\n[queue]\nmax_size = 2\n")
    gateway.send(signal.SIGHUP)
    await gateway.told("restart needed")
    assert lines(gateway, "restart needed")[0]["settings"] == ["server.port"]
    assert lines(gateway, "configuration applied")[0]["changed"] == ["server.port"]


async def test_a_signal_while_it_stops_changes_nothing(serve: Serve) -> None:
    gateway = await serve()
    caller = await gateway.call("running")
    on_node = await gateway.node.received()
    gateway.send(signal.SIGTERM)
    await gateway.told("stopping")
    edit(gateway, lambda text: text + "\n[queue]\nmax_size = 2\n")
    gateway.send(signal.SIGHUP)
    await gateway.told("not reloaded")
    await on_node.reply({"ok": 1})
    assert (await caller.reply()).status == 200
    assert await gateway.exit_code() == 0
    assert lines(gateway, "configuration applied") == []


async def test_a_signal_with_nothing_changed_is_harmless(serve: Serve) -> None:
    gateway = await serve()
    gateway.send(signal.SIGHUP)
    await gateway.told("configuration applied")
    assert lines(gateway, "configuration applied")[0]["changed"] == []


async def test_what_came_through_a_pipe_is_read_once_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = Program(tmp_path, "serve", "--config", "pipe", env={"LLMLB_SERVER_PORT": "0"})
    try:
        text = config_text([("n1", "http://127.0.0.1:9")], {})
        await within(START_SECS, asyncio.to_thread(pipe.write_text, text), lambda: "the pipe is read")
        await program.says(r"Nodes: n1\n")
        program.send(signal.SIGHUP)
        await eventually(lambda: '"not reloaded","reason":"not followed"' in program.err, "nothing is read again")
        assert '"configuration not followed","file":"pipe"' in program.err
        program.send(signal.SIGTERM)
        assert await program.exit_code() == 0
    finally:
        program.kill()
