"""`llmlb status` beside a running gateway."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from llmlb import __version__
from llmlb.testing import ScriptedNode, eventually
from llmlb.testing.waiting import pause, within
from tests.process.commands import command
from tests.process.conftest import Serve
from tests.process.on_terminal import OnTerminal
from tests.process.program import Gateway, Program

Start = Callable[..., OnTerminal]

KEYS = '\n[[api_keys]]\nname = "alice"\nkey = "sk-a"\n\n[[api_keys]]\nname = "bob"\nkey = "sk-b"\n'

NO_SCREEN = "llmlb: --watch needs a terminal whose screen can be drawn anew.\n"


@pytest.fixture
async def on_terminal() -> AsyncIterator[Start]:
    """Commands on terminals that live as long as the test."""
    async with AsyncExitStack() as stack:

        def start(folder: Path, *arguments: str, **more: object) -> OnTerminal:
            one = OnTerminal(folder, *arguments, **more)  # type: ignore[arg-type]
            stack.callback(one.close)
            return one

        yield start


async def with_keys(serve: Serve) -> Gateway:
    """A gateway where alice has a request in service, and another that waits."""
    gateway = await serve()
    with (gateway.folder / "config.toml").open("a", encoding="utf-8") as file:
        file.write(KEYS)
    await gateway.told("configuration applied")
    await gateway.call("first", key="sk-a")
    await gateway.node.received()
    await gateway.call("second", key="sk-a")
    await within(5, one_waits(gateway), lambda: "it waits")
    return gateway


async def one_waits(gateway: Gateway) -> None:
    """Ask until one request waits: the totals want a key."""
    while b"\nllmlb_requests_waiting 1.0\n" not in (await gateway.get("/metrics")).body:
        await pause(0.01)


async def test_one_screen_tells_what_goes_on(serve: Serve, on_terminal: Start) -> None:
    gateway = await with_keys(serve)
    one = on_terminal(gateway.folder, "status")
    assert await one.exit_code() == 0
    await one.shows("second")
    lines = one.screen.splitlines()
    assert lines[0].startswith(f"llmlb {__version__}   http://localhost:{gateway.port}   up ")
    assert "Waiting 1 of 100   In service 1 on 1 node" in lines
    assert any(line.startswith("n0 ") and "In service" in line and "alice" in line for line in lines)
    assert any(line.split()[:4] == ["alice", "1", "1", "100%"] for line in lines)
    assert any(line.split()[:3] == ["1", "alice", "m"] and line.endswith("second") for line in lines)
    assert len(lines) < 24
    assert "\x1b[" in one.raw, "in colour"
    assert (await command(gateway.folder, "status")).stdout.splitlines()[1:3] == lines[1:3]


async def test_without_a_terminal_or_with_no_color_it_is_plain_text(serve: Serve, on_terminal: Start) -> None:
    gateway = await serve()
    done = await command(gateway.folder, "status", env={"LANG": "ja_JP.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "待機中 0 / 最大100" in done.stdout
    assert "\x1b" not in done.stdout
    plain = on_terminal(gateway.folder, "status", env={"NO_COLOR": "1"})
    assert await plain.exit_code() == 0
    await plain.shows("Waiting 0 of 100")
    assert "\x1b" not in plain.raw
    refused = await command(gateway.folder, "status", "--watch")
    assert (refused.returncode, refused.stderr) == (2, NO_SCREEN)
    dumb = on_terminal(gateway.folder, "status", "--watch", env={"TERM": "dumb"})
    assert await dumb.exit_code() == 2
    await dumb.shows(NO_SCREEN)
    assert "\x1b" not in dumb.raw


async def test_as_json_it_tells_everything(serve: Serve) -> None:
    gateway = await with_keys(serve)
    done = await command(gateway.folder, "status", "--json")
    assert done.returncode == 0
    seen = json.loads(done.stdout)
    assert (seen["running"], seen["version"], seen["url"]) == (True, __version__, f"http://localhost:{gateway.port}")
    assert [one["id"] for one in seen["desk"]["running"] + seen["desk"]["waiting"]] == ["first", "second"]
    assert seen["desk"]["waiting"][0]["why"]["nodes"][0]["key"] == "alice"
    assert len(seen["desk"]["nodes"][0]["history"]) == 120
    assert "sk-a" not in done.stdout


async def test_where_no_gateway_runs_it_says_so(tmp_path: Path) -> None:
    done = await command(tmp_path, "status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("llmlb: no gateway is running with config.toml. Start it with llmlb serve;")
    done = await command(tmp_path, "status", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"running": False})
    done = await command(tmp_path, "status", "--json", "--config", str(tmp_path / ("too-long" * 20) / "config.toml"))
    assert (done.returncode, json.loads(done.stdout)) == (1, {"running": None})
    assert done.stderr.startswith("llmlb: the gateway cannot be asked (")


async def test_a_watched_screen_follows_and_leaves_the_terminal_as_it_was(serve: Serve, on_terminal: Start) -> None:
    gateway = await serve()
    one = on_terminal(gateway.folder, "status", "--watch")
    await one.shows("No request is waiting.")
    assert "q: quit" in one.screen
    await gateway.call("first")
    await gateway.node.received()
    await gateway.queued("second", waiting=1)
    await one.shows("second", 2)
    assert "\x1b[2J" not in one.raw, "nothing is wiped, so nothing flickers"
    one.resize(40, 12)
    await eventually(
        lambda: max(map(len, one.screen.splitlines())) <= 40 and len(one.screen.splitlines()) <= 12, "it fits", 5
    )
    one.resize(80, 24)
    await one.shows("second", 5)
    one.resize(0, 0)  # as a serial line has it: drawn for the usual size then
    one.type("x")  # no reason to end
    await gateway.queued("third")
    await one.shows("third")
    one.type("q")
    assert await one.exit_code() == 0
    await eventually(one.is_as_before, "the terminal is as it was")


@pytest.mark.parametrize(("how", "code"), [("\x03", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_however_it_ends_the_terminal_is_as_it_was(
    serve: Serve, on_terminal: Start, how: str | signal.Signals, code: int
) -> None:
    gateway = await serve()
    one = on_terminal(gateway.folder, "status", "--watch")
    await one.shows("No request is waiting.")
    assert not one.is_as_before()
    if isinstance(how, str):
        one.type(how)
    else:
        one.send(how)
    assert await one.exit_code() == code
    await eventually(one.is_as_before, "the terminal is as it was")


async def test_it_waits_for_a_gateway_and_survives_its_restart(tmp_path: Path, on_terminal: Start) -> None:
    node = await ScriptedNode.start()
    text = f'[server]\nport = 0\ndrain_secs = 1\n[[nodes]]\nname = "n0"\nurl = "{node.url}"\n'
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    one = on_terminal(tmp_path, "status", "--watch")
    await one.shows("no gateway is running with config.toml.")
    try:
        for _ in range(2):
            gateway = Program(tmp_path, "serve")
            try:
                port = (await gateway.says(r"http://localhost:(\d+)"))[1]
                await one.shows(f"http://localhost:{port}")
                gateway.send(signal.SIGTERM)
                assert await gateway.exit_code() == 0
            finally:
                gateway.kill()
            await one.shows("Waiting for one to start…")
    finally:
        await node.stop()
    one.type("q")
    assert await one.exit_code() == 0


async def test_a_gateway_that_does_not_answer_is_told_and_holds_up_nobody(serve: Serve, on_terminal: Start) -> None:
    gateway = await serve()
    one = on_terminal(gateway.folder, "status", "--watch")
    await one.shows("No request is waiting.")
    await gateway.freeze()
    await one.shows("no answer for ")
    assert "Waiting 0 of 100" in one.screen, "what was seen last"
    one.type("q")
    await within(1.5, one.exit_code(), lambda: "it ends at once")
    gateway.thaw()


async def test_the_shell_has_the_terminal_while_it_is_stopped(serve: Serve, on_terminal: Start) -> None:
    gateway = await serve()
    one = on_terminal(gateway.folder, "status", "--watch")
    await one.shows("No request is waiting.")
    one.send(signal.SIGTSTP)
    await eventually(one.is_as_before, "the terminal is the shell's")
    one.send(signal.SIGCONT)
    await eventually(lambda: not one.is_as_before(), "it has it again")
    one.type("q")
    assert await one.exit_code() == 0
