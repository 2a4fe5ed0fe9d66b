"""`llmlb keys` and `llmlb config` beside a running gateway."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from llmlb.testing import eventually
from llmlb.testing.waiting import pause, within
from tests.process.caller import Reply
from tests.process.commands import command
from tests.process.conftest import Serve
from tests.process.program import ROOT, Gateway

JAPANESE = {"LANG": "ja_JP.UTF-8"}


async def made(folder: Path, *arguments: str) -> str:
    """The key that a command gives."""
    done = await command(folder, "keys", *arguments)
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    assert done.stdout == f"{key}\n"
    assert "The running gateway has applied it." in done.stderr
    return key


async def changed(folder: Path, *arguments: str) -> str:
    """What a command says that changes something."""
    done = await command(folder, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The running gateway has applied it." in done.stdout
    return done.stdout


async def answer(gateway: Gateway, id: str, key: str, language: str = "en") -> Reply:
    """The answer to a request of this key."""
    return await (await gateway.call(id, key=key, headers=[("Accept-Language", language)])).reply()


async def waiting(gateway: Gateway, count: int) -> None:
    """Wait until so many wait; told by the metrics, which need no key."""

    async def come() -> None:
        while f"\nllmlb_requests_waiting {count}.0\n" not in (await gateway.get("/metrics")).body.decode():
            await pause(0.01)

    await within(10, come(), lambda: f"{count} requests wait")


async def test_keys_work_from_the_moment_they_are_shown_until_they_are_taken_back(serve: Serve) -> None:
    gateway = await serve()
    gateway.node.auto()
    folder = gateway.folder
    assert (await answer(gateway, "open", "anything")).status == 200
    old = await made(folder, "add", "alice", "--weight", "2")
    assert (await answer(gateway, "none", "anything")).status == 401
    assert (await answer(gateway, "old", old)).status == 200
    new = await made(folder, "rotate", "alice")
    assert (await answer(gateway, "old-again", old)).status == 401
    assert (await answer(gateway, "new", new)).status == 200

    said = await changed(folder, "keys", "disable", "alice")
    assert "No key is enabled: nobody may use the gateway" in said
    for language, words in (("ja", "無効化されています"), ("en", "has been disabled")):
        off = await answer(gateway, f"off-{language}", new, language)
        assert (off.status, off.error["code"]) == (401, "invalid_api_key")
        assert words in off.error["message"]
    assert (await answer(gateway, "nobody", "anything")).status == 401
    await changed(folder, "keys", "enable", "alice")
    assert (await answer(gateway, "on", new)).status == 200

    listed = json.loads((await command(folder, "keys", "list", "--json")).stdout)
    assert listed["running"] is True
    assert [(key["name"], key["weight"], key["requests"]) for key in listed["keys"]] == [("alice", 2.0, 3)]
    table = await command(folder, "keys", "list", env=JAPANESE)
    assert table.stdout.splitlines()[1].split() == ["alice", "有効", "2", "-", "0", "0", "3"]

    assert "everyone who reaches the gateway" in await changed(folder, "keys", "remove", "alice")
    assert (await answer(gateway, "open-again", "anything")).status == 200
    visits = await gateway.logged("old", "new", "on", "open-again")
    assert [visits[id]["key"] for id in ("old", "new", "on")] == ["alice"] * 3
    assert not {"old-again", "nobody"} & visits.keys()
    everything = (folder / "config.toml").read_text(encoding="utf-8") + gateway.err + gateway.out
    assert old not in everything
    assert new not in everything
    by = {line["by"] for line in gateway.log if line["event"] == "configuration applied"}
    assert len(by) == 1
    assert by.pop().startswith("command by ")


async def test_who_waits_stays_when_its_key_is_disabled_or_removed(serve: Serve) -> None:
    gateway = await serve()
    key = await made(gateway.folder, "add", "alice", "--max-waiting", "2")
    await made(gateway.folder, "add", "bob")
    callers = [await gateway.call(f"r{n}", key=key) for n in range(3)]
    await eventually(lambda: len(gateway.node.seen) == 1, "one is in service")
    await waiting(gateway, 2)
    over = await answer(gateway, "over", key)
    assert (over.status, over.error["code"]) == (429, "queue_full")
    await changed(gateway.folder, "keys", "set", "alice", "--max-waiting", "3")
    callers.append(await gateway.call("r3", key=key))
    await waiting(gateway, 3)
    await changed(gateway.folder, "keys", "disable", "alice")
    assert (await answer(gateway, "off", key)).status == 401
    await changed(gateway.folder, "keys", "remove", "alice")
    gateway.node.auto()
    assert [(await caller.reply()).status for caller in callers] == [200] * 4


async def test_settings_take_effect_as_they_are_set(serve: Serve) -> None:
    gateway = await serve(queue={"max_size": 1}, env={"LLMLB_QUEUE_TIMEOUT_SECS": "33"})
    folder, file = gateway.folder, gateway.folder / "config.toml"
    file.write_text("# Ours, do not touch\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    await gateway.call("r0")
    await gateway.node.received()
    await gateway.queued("r1")
    assert (await answer(gateway, "full", "k")).status == 429
    said = await changed(folder, "config", "set", "queue.max_size", "2")
    assert "queue.max_size: 1 -> 2 (config.toml:" in said
    assert file.read_text(encoding="utf-8") == before.replace("max_size = 1\n", "max_size = 2\n")
    await gateway.queued("r2")

    held = await command(folder, "config", "set", "queue.timeout_secs", "5", env=JAPANESE)
    assert held.returncode == 2
    assert "動作中のゲートウェイでは環境変数 LLMLB_QUEUE_TIMEOUT_SECS" in held.stderr
    assert (await command(folder, "config", "get", "queue.timeout_secs")).stdout == "33\n"
    refused = await command(folder, "config", "set", "queue.max_size", "0", env=JAPANESE)
    assert (refused.returncode, "1から10000までの整数" in refused.stderr) == (2, True)
    assert "only after a restart: server.port" in await changed(folder, "config", "set", "server.port", "8099")
    token = await command(folder, "config", "set", "server.metrics_token", "-", given="a-secret-token\n")
    assert (token.returncode, "a-secret" in token.stdout + token.stderr + gateway.err) == (0, False)
    assert (await gateway.get("/metrics", [("Authorization", "Bearer wrong")])).status == 401
    await changed(folder, "config", "unset", "queue.max_size")
    await gateway.queued("r3")


async def test_nothing_is_lost_when_many_edit_at_once(serve: Serve) -> None:
    gateway = await serve()
    done = await asyncio.gather(
        *(command(gateway.folder, "keys", "add", f"k{n}") for n in range(4)),
        command(gateway.folder, "config", "set", "queue.max_size", "7"),
        command(gateway.folder, "config", "set", "queue.timeout_secs", "8"),
    )
    assert [one.returncode for one in done] == [0] * 6, [one.stderr for one in done]
    data: dict[str, Any] = tomllib.loads((gateway.folder / "config.toml").read_text(encoding="utf-8"))
    assert data["queue"] == {"max_size": 7, "timeout_secs": 8}
    assert {key["name"] for key in data["api_keys"]} == {"k0", "k1", "k2", "k3"}
    gateway.node.auto()
    for number, one in enumerate(done[:4]):
        assert (await answer(gateway, f"r{number}", one.stdout.strip())).status == 200
    assert (await answer(gateway, "other", "anything")).status == 401


def test_a_list_that_is_cut_short_by_its_reader_is_no_failure(tmp_path: Path) -> None:
    keys = "".join(f'[[api_keys]]\nname = "{"k" * 50}{n}"\nkey = "sk-{n}"\n' for n in range(2000))
    (tmp_path / "config.toml").write_text(keys)
    script = f"{sys.executable} -m llmlb keys list | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.splitlines()[1:] == ["0"]
    assert "Broken" not in done.stderr


def shell(folder: Path, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """What a script of bash comes to, in which `llmlb` is the program."""
    return subprocess.run(
        ["bash", "-c", f'llmlb() {{ {sys.executable} -m llmlb "$@"; }}; {script}'],
        cwd=folder,
        env={**os.environ, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(("output", "problem"), [("/dev/full", "No space left"), (">(exec true)", "Broken pipe")])
def test_a_new_key_that_cannot_be_shown_is_told_and_not_said_to_be_nowhere(
    tmp_path: Path, output: str, problem: str
) -> None:
    done = shell(tmp_path, f"exec 3>&1; llmlb keys add alice > {output}; echo code $? >&3")
    assert f"the key could not be shown ({problem}" in done.stderr
    assert 'llmlb keys rotate "alice"' in done.stderr
    assert "Nothing was changed" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "code 1" in done.stdout
    assert 'name = "alice"' in (tmp_path / "config.toml").read_text()


@pytest.mark.parametrize("notes", ["/dev/full", ">(exec true)"])
def test_a_new_key_is_shown_also_where_no_word_can_be(tmp_path: Path, notes: str) -> None:
    for action in ("add alice", "rotate alice"):
        done = shell(tmp_path, f"llmlb keys {action} 2> {notes}")
        assert (done.returncode, done.stdout[:3]) == (0, "sk-")
    done = shell(tmp_path, f"llmlb keys list 2> {notes}")
    assert (done.returncode, "alice" in done.stdout) == (0, True)


@pytest.mark.parametrize("action", ["add alice", "rotate bob"])
def test_no_new_key_is_made_where_nobody_would_see_it(tmp_path: Path, action: str) -> None:
    file = tmp_path / "config.toml"
    before = '[[api_keys]]\nname = "bob"\nkey = "sk-1"\n'
    file.write_text(before)
    done = shell(tmp_path, f"exec 3>&1; llmlb keys {action} >&-; echo $? >&3")
    assert done.stdout == "1\n"
    assert done.stderr == "llmlb: standard output is closed, so nobody would see the new key. Nothing was changed.\n"
    assert file.read_text() == before


@pytest.mark.parametrize("change", ["nodes add http://h:1 --name", "nodes add", "config set log.file"])
def test_what_is_no_text_is_told_and_not_written(tmp_path: Path, change: str) -> None:
    done = shell(tmp_path, f"llmlb {change} $'\\xff'")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == "llmlb: an argument that is no UTF-8 text cannot be written into the file. Nothing was changed.\n"
    )
    assert list(tmp_path.iterdir()) == []


async def test_status_ends_in_words_whatever_becomes_of_its_output(serve: Serve) -> None:
    gateway = await serve()
    name = "アリス"
    config = gateway.folder / "config.toml"
    config.write_text(f'{config.read_text()}\n[[api_keys]]\nname = "{name}"\nkey = "sk-1"\n')

    async def run(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(shell, gateway.folder, script, **environ)

    full = await run("llmlb status > /dev/full")
    assert (full.returncode, full.stdout) == (1, "")
    assert full.stderr.startswith("llmlb: what came of it cannot be written to the output (No space left")
    assert "Traceback" not in full.stderr
    cut = await run("llmlb status > >(exec true)")
    assert (cut.returncode, cut.stderr) == (0, "")
    await run("llmlb config set queue.max_size 50")  # the gateway has read of the key now
    plain = await run("llmlb status", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "\\u30a2" in plain.stdout


def test_what_nobody_can_type_is_told(tmp_path: Path) -> None:
    done = shell(tmp_path, "llmlb operator set-password <&-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    done = shell(tmp_path, "llmlb operator set-password --password-file - <&-")
    assert (done.returncode, "is empty" in done.stderr) == (1, True)
    done = shell(tmp_path, "llmlb config set server.metrics_token - <&-")
    assert (done.returncode, "is empty" in done.stderr) == (1, True)
    done = shell(tmp_path, "llmlb status --watch <&-")
    assert (done.returncode, "terminal" in done.stderr) == (2, True)


@pytest.mark.parametrize("left", [None, "\n"])
async def test_what_is_left_of_a_lost_file_is_not_made_into_one_without_keys(serve: Serve, left: str | None) -> None:
    gateway = await serve()
    gateway.expect_errors("configuration refused")
    key = await made(gateway.folder, "add", "alice")
    file = gateway.folder / "config.toml"
    text = file.read_text()
    file.unlink()
    if left is not None:
        file.write_text(left)
    for command_line in (
        ("config", "set", "queue.max_size", "7"),
        ("keys", "add", "bob"),
        ("nodes", "add", "http://a"),
    ):
        done = await command(gateway.folder, *command_line)
        assert (done.returncode, "Nothing was changed" in done.stderr) == (2, True), done.stderr
    assert (file.read_text() if file.exists() else None) == left
    assert (await answer(gateway, "other", "anything")).status == 401
    file.write_text(text)
    await changed(gateway.folder, "config", "set", "queue.max_size", "7")
    assert key not in file.read_text()


async def test_nor_is_it_where_the_way_to_the_gateway_was_lost_with_it(serve: Serve) -> None:
    """Without its socket no command knew of a gateway with keys, and `nodes add` made a file that opened it to all."""
    gateway = await serve()
    gateway.expect_errors("configuration refused")
    await made(gateway.folder, "add", "alice")
    lost = [gateway.folder / name for name in ("config.toml", "config.toml.sock")]
    for path in lost:
        path.unlink()
    await gateway.told("control socket again")
    done = await command(gateway.folder, "nodes", "add", "http://a")
    assert (done.returncode, "Nothing was changed" in done.stderr) == (2, True), done.stderr
    assert [path.exists() for path in lost] == [False, True]
    assert (await answer(gateway, "other", "anything")).status == 401
