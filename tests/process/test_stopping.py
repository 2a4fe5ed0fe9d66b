"""SIGTERM and SIGINT: what is there is finished, what comes is refused, and the exit code says that all went well."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from llmlb.testing import Received, eventually
from llmlb.web.server import SHUTDOWN_SECS
from tests.process.caller import Caller, request_bytes
from tests.process.commands import command
from tests.process.conftest import Serve
from tests.process.program import START_SECS, Gateway, Program

PIECE = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'
EVENTS = {"Content-Type": "text/event-stream"}
QUICK = 1.9
"""Seconds an exit takes at most when there is nothing to wait for: less than is granted to what must be waited for."""


async def stopping(gateway: Gateway, number: signal.Signals = signal.SIGTERM) -> None:
    """The gateway has got the signal."""
    gateway.send(number)
    await gateway.told("stopping")


async def one_running(gateway: Gateway, id: str = "running", *, stream: bool = False) -> tuple[Caller, Received]:
    """A client whose request the only node has."""
    caller = await gateway.call(id, stream=stream)
    return caller, await gateway.node.received()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_running_and_waiting_requests_finish_and_newcomers_are_told(serve: Serve, number: signal.Signals) -> None:
    gateway = await serve()
    kept = await gateway.connect()
    await kept.send(request_bytes(method="GET", path="/healthz"))
    await kept.reply()
    running, on_node = await one_running(gateway, stream=True)
    await on_node.start(headers=EVENTS)
    await on_node.send(PIECE)
    waiting = [await gateway.queued(f"w{n}", waiting=n + 1) for n in range(2)]
    await stopping(gateway, number)
    newcomer = await gateway.call("new")
    await kept.send(request_bytes(b'{"model": "m"}'))
    for refused in [await newcomer.reply(), await kept.reply()]:
        assert refused.status == 503
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        assert refused.error["code"] == "draining"
        assert refused.error["message"] == "サーバーは停止処理中です。しばらくしてから再試行してください。"
    assert await kept.ended() == b""
    assert (await gateway.get("/readyz")).status == 503
    assert (await gateway.get("/healthz")).status == 200
    await on_node.send(b"data: [DONE]\n\n")
    await on_node.end()
    for _ in waiting:
        await (await gateway.node.received()).reply({"ok": 1})
    reply = await running.reply()
    assert (reply.status, reply.body, reply.complete) == (200, PIECE + b"data: [DONE]\n\n", True)
    assert [(await caller.reply()).status for caller in waiting] == [200, 200]
    assert await gateway.exit_code(QUICK) == 0
    assert gateway.outcomes() == {"served": 3, "failed": 2}


async def test_when_the_time_for_draining_is_over_the_rest_is_told_and_cut(serve: Serve) -> None:
    gateway = await serve(2, server={"drain_secs": 0.3})
    stream = await gateway.call("stream", stream=True)
    plain = await gateway.call("plain")
    on = {request.header("x-request-id"): request for request in [await node.received() for node in gateway.nodes]}
    await on["stream"].start(headers=EVENTS)
    await on["stream"].send(PIECE)
    await stream.reads(PIECE)
    waiting = await gateway.queued("waiting")
    gateway.send(signal.SIGTERM)
    for caller in (plain, waiting):
        reply = await caller.reply()
        assert (reply.status, reply.error["code"]) == (503, "draining")
        assert 1 <= int(reply.headers["retry-after"]) <= 5
    rest = await stream.ended()
    assert not rest.endswith(b"0\r\n\r\n"), "the final chunk would say that all is well"
    assert json.loads(rest.partition(b"data: ")[2].partition(b"\n")[0])["error"]["type"] == "server_error"
    for request in on.values():
        await request.gone()
    assert await gateway.exit_code(QUICK) == 0
    assert gateway.outcomes() == {"failed": 3}


async def test_who_has_not_sent_all_by_then_is_told_too(serve: Serve) -> None:
    gateway = await serve(server={"drain_secs": 0.3})
    whole = request_bytes(b'{"model": "m"}')
    heads = [b"", b"TE: x\r\n", b"Expect: 100-continue\r\n"]
    callers = [await gateway.connect() for _ in heads]
    for caller, head in zip(callers, heads, strict=True):
        await caller.send(whole[:-5].replace(b"\r\n\r\n", b"\r\n" + head + b"\r\n"))
    await callers[-1].reads(b"HTTP/1.1 100 Continue\r\n\r\n")
    gateway.send(signal.SIGTERM)
    for caller in callers:
        reply = await caller.reply()
        assert (reply.status, reply.error["code"]) == (503, "draining")
        assert reply.headers["connection"] == "close"
    assert await gateway.exit_code(0.3 + SHUTDOWN_SECS + QUICK) == 0
    assert gateway.outcomes() == {}


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_at_once(serve: Serve, second: signal.Signals) -> None:
    gateway = await serve()
    caller, on_node = await one_running(gateway)
    await stopping(gateway)
    gateway.send(second)
    assert await gateway.exit_code(QUICK) == 128 + second
    await on_node.gone()
    assert await caller.ended() == b""
    gateway.is_calm()


async def test_who_was_served_just_before_a_second_signal_is_in_the_log(serve: Serve) -> None:
    gateway = await serve(2)
    calls = [await gateway.call(f"r{number}") for number in range(2)]
    on_nodes = [await node.received() for node in gateway.nodes]
    await stopping(gateway)
    served = calls[int((on_nodes[0].header("x-request-id") or "r0")[1:])]
    await on_nodes[0].reply({"ok": 1})
    assert (await served.reply()).status == 200
    gateway.send(signal.SIGTERM)
    assert await gateway.exit_code(QUICK) == 128 + signal.SIGTERM
    assert gateway.outcomes() == {"served": 1}


async def test_open_pages_and_idle_connections_do_not_delay_the_exit(serve: Serve) -> None:
    gateway = await serve()
    watcher, kept, silent = [await gateway.connect() for _ in range(3)]
    await watcher.send(request_bytes(method="GET", path="/api/queue/events"))
    await watcher.reads(b"data: ")
    await kept.send(request_bytes(method="GET", path="/"))
    assert (await kept.reply()).status == 200
    gateway.send(signal.SIGTERM)
    assert await gateway.exit_code(QUICK) == 0
    for caller in (watcher, kept, silent):
        await caller.ended()


async def test_a_page_stays_live_while_the_gateway_drains(serve: Serve) -> None:
    gateway = await serve()
    watcher = await gateway.connect()
    await watcher.send(request_bytes(method="GET", path="/api/queue/events"))
    await watcher.reads(b"data: ")
    caller, on_node = await one_running(gateway)
    await stopping(gateway)
    waiting_zero = await gateway.get("/api/queue/stats")
    assert waiting_zero.json["processing_count"] == 1
    await watcher.reads(b"data: ")
    await on_node.reply({})
    assert (await caller.reply()).status == 200
    assert await gateway.exit_code(QUICK) == 0


async def test_the_command_line_reaches_a_gateway_that_drains(serve: Serve) -> None:
    gateway = await serve(server={"drain_secs": 60})  # two commands may take a while
    caller, on_node = await one_running(gateway)
    await stopping(gateway)
    seen = await command(gateway.folder, "status")
    assert (seen.returncode, "Shutting down." in seen.stdout) == (0, True)
    changed = await command(gateway.folder, "config", "set", "queue.max_size", "7")
    assert changed.stdout.endswith("The gateway is stopping; it takes effect when one starts.\n")
    assert "max_size = 7" in (gateway.folder / "config.toml").read_text()
    await on_node.reply({})
    assert (await caller.reply()).status == 200
    assert await gateway.exit_code(QUICK) == 0
    assert not list(gateway.folder.glob("*.sock"))


async def test_clients_that_stall_do_not_hold_the_exit(serve: Serve) -> None:
    gateway = await serve(server={"drain_secs": 0.1})
    unfinished = await gateway.connect()
    await unfinished.send(request_bytes(b"{").replace(b"Content-Length: 1", b"Content-Length: 1000"))
    unread = await gateway.connect(limit=1024)
    unread.pause()
    await unread.send(request_bytes(b'{"model": "m", "stream": true}'))
    on_node = await gateway.node.received()
    await on_node.start(headers=EVENTS)
    flood = asyncio.create_task(send_until_gone(on_node))
    gateway.send(signal.SIGTERM)
    assert await gateway.exit_code(12) == 0
    await flood
    await unfinished.ended()


async def send_until_gone(request: Received) -> None:
    """More than all buffers on the way can hold."""
    try:
        for _ in range(1000):
            await request.send(PIECE * 1000, timeout=20)
    except ConnectionError:
        return
    raise AssertionError("somebody read 60 MB")


async def test_a_signal_during_the_search_for_nodes_is_obeyed(serve: Serve) -> None:
    gateway = await serve(0)
    gateway.send(signal.SIGTERM)
    assert await gateway.exit_code(QUICK) == 0


async def test_a_hangup_at_its_very_end_is_not_its_end(serve: Serve) -> None:
    gateway = await serve()
    await stopping(gateway)

    def hung_up_until_it_ends() -> bool:
        gateway.send(signal.SIGHUP)
        return gateway.process.poll() is not None

    await eventually(hung_up_until_it_ends, "it ends", QUICK)
    assert await gateway.exit_code() == 0


async def test_a_hangup_while_it_starts_is_obeyed_as_soon_as_it_runs(tmp_path: Path) -> None:
    program = Program(tmp_path, "serve", env={"LLMLB_SERVER_PORT": "0"})
    try:
        await eventually(lambda: caught(program, signal.SIGHUP), "it takes hangups", START_SECS)
        program.send(signal.SIGHUP)
        await program.says(r"http://localhost:\d+")
        await eventually(lambda: '"by":"SIGHUP"' in program.err, "it has read its file again")
        program.send(signal.SIGTERM)
        assert await program.exit_code() == 0
    finally:
        program.kill()


def caught(program: Program, number: signal.Signals) -> bool:
    """Whether the program does something of its own when it gets the signal."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) >> (number - 1) & 1)


async def test_those_who_were_turned_away_just_before_are_hung_up_on(serve: Serve) -> None:
    """Else Python complains of them at its end, and 3.13 in any case."""
    gateway = await serve(server={"max_connections": 2}, env={"PYTHONWARNINGS": "default::ResourceWarning"})
    callers = [await gateway.connect() for _ in range(6)]
    await gateway.told("too many connections")
    await stopping(gateway)
    assert await gateway.exit_code() == 0
    for caller in callers:
        await caller.ended()
    assert "unclosed" not in gateway.err
    assert "Traceback" not in gateway.err
