"""What the command line says, and the exit codes: one plain line for one problem, in the language of the terminal."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path

import pytest

import llmlb
from llmlb.testing import eventually
from tests.process.program import ROOT, START_SECS, Program

JAPANESE = {"LANG": "ja_JP.UTF-8"}
WRONG = """
[queue]
max_size = 0
timeout_sec = 5
[[nodes]]
url = "http://a:1"
[[nodes]]
url = "ftp://a:1"
[[api_keys]]
name = "a"
key = "sk-secret-one"
key_sha256 = "sk-secret-two"
"""

Ran = tuple[int, str, str]
Run = Callable[..., Awaitable[Ran]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program to its end: exit code, standard output, standard error."""
    number = count()

    async def to_its_end(*arguments: str, env: Mapping[str, str] | None = None, **files: str) -> Ran:
        folder = tmp_path / f"run-{next(number)}"
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        program = Program(folder, *arguments, env=env)
        try:
            return await program.exit_code(), program.out, program.err
        finally:
            program.kill()

    return to_its_end


async def test_a_taken_port_is_one_plain_line_and_exit_1(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = {"LLMLB_SERVER_PORT": str(port)}
        english, japanese = await asyncio.gather(run("serve", env=env), run("serve", env=env | JAPANESE))
    assert english == (
        1,
        "",
        f"llmlb: cannot start: another program is using port {port} on 127.0.0.1. "
        "Choose another port with [server] port or LLMLB_SERVER_PORT.\n",
    )
    assert japanese == (
        1,
        "",
        f"llmlb: 起動できません: 127.0.0.1 のポート {port} はほかのプログラムが使用中です。"
        "[server] port か LLMLB_SERVER_PORT で別のポートを指定してください。\n",
    )


async def test_an_address_of_another_machine_is_one_plain_line_and_exit_1(run: Run) -> None:
    code, out, err = await run("serve", config='[server]\nhost = "192.0.2.1"\nport = 0\nallow_anonymous = true\n')
    assert (code, out) == (1, "")
    assert err == "llmlb: cannot start: this machine has no address 192.0.2.1. See [server] host.\n"


async def test_a_log_file_that_cannot_be_opened_is_named(run: Run) -> None:
    code, _, err = await run("serve", env={"LLMLB_LOG_FILE": "/proc/no-file-can-be-made-here"})
    assert code == 1
    assert err.startswith("llmlb: cannot start: the log file /proc/no-file-can-be-made-here cannot be written (")
    assert err.count("\n") == 1


async def test_one_problem_with_the_configuration_is_one_plain_line_and_exit_2(run: Run) -> None:
    missing, broken, variable, japanese = await asyncio.gather(
        run("check", "--config", "none.toml"),
        run("serve", config="[queue\nmax_size = 1\n"),
        run("serve", env={"LLMLB_QUEUE_MAX_SIZE": "lots"}),
        run("check", env={"LLMLB_QUEUE_MAX_SIZE": "lots"} | JAPANESE),
    )
    assert missing == (2, "", "llmlb: none.toml: there is no such file.\n")
    assert broken[:2] == (2, "")
    assert re.fullmatch(r"llmlb: config\.toml:1:\d+: not valid TOML.*\n", broken[2])
    assert variable[:2] == (2, "")
    assert re.fullmatch(r'llmlb: LLMLB_QUEUE_MAX_SIZE="lots": .*from 1 to 10000\.\n', variable[2])
    assert japanese == (2, "", 'llmlb: LLMLB_QUEUE_MAX_SIZE="lots": 1から10000までの整数を指定してください。\n')


async def test_every_problem_is_told_at_once_and_no_secret_with_them(run: Run) -> None:
    english, japanese = await asyncio.gather(run("serve", config=WRONG), run("check", config=WRONG, env=JAPANESE))
    for code, out, err in (english, japanese):
        assert (code, out) == (2, "")
        lines = err.splitlines()[1:]
        assert [line.partition(": ")[0] for line in lines] == [f"  config.toml:{n}" for n in (3, 4, 8, 12)]
        assert "sk-secret" not in err
        assert "key_sha256 = ***" in lines[-1]
        assert "timeout_secs" in lines[1], "the nearest name"
    assert english[2].startswith("llmlb: The configuration has 4 problems.\n")
    assert japanese[2].startswith("llmlb: 設定に問題が4件あります。\n")


async def test_the_example_configuration_is_right(run: Run, tmp_path: Path) -> None:
    example = tmp_path / "config.example.toml"
    shutil.copy(ROOT / "config.example.toml", example)
    english, japanese = await asyncio.gather(
        run("check", "--config", str(example)), run("check", "--config", str(example), env=JAPANESE)
    )
    assert english == (0, f"No problems: {example}\n", "")
    assert japanese == (0, f"問題ありません: {example}\n", "")


async def test_a_variable_that_is_no_setting_is_told_and_ignored(run: Run) -> None:
    code, out, err = await run("check", env={"LLMLB_PORT": "tcp://10.0.0.1:8080"})
    assert (code, out) == (0, "No problems: the defaults\n")
    assert re.fullmatch(r"llmlb: LLMLB_PORT: .*LLMLB_SERVER_PORT\?\n", err)


async def test_version_help_and_wrong_usage(run: Run) -> None:
    version, about, usage, wrong = await asyncio.gather(
        run("--version"), run("--help", env=JAPANESE | {"PYTHONPROFILEIMPORTTIME": "1"}), run(), run("serv")
    )
    assert version == (0, f"llmlb {llmlb.__version__}\n", "")
    assert (about[0], "設定ファイルを検査します" in about[1]) == (0, True)
    assert "llmlb.cli.commands" in about[2], "what is loaded is told"
    assert "llmlb.config" not in about[2], "it takes twice as long as all else, and SIGHUP is taken first"
    assert [(code, out) for code, out, _ in (usage, wrong)] == [(2, "")] * 2
    assert "COMMAND" in usage[2]


@pytest.mark.parametrize("language", ["ja_JP.UTF-8", "C.UTF-8"])
async def test_without_nodes_it_says_where_it_looked_and_what_to_do(tmp_path: Path, language: str) -> None:
    env = {"LANG": language, "LLMLB_SERVER_PORT": "0", "LLMLB_PORT": "tcp://10.0.0.1:8080"}
    program = Program(tmp_path, "serve", env=env)
    try:
        said = await program.says(r'url = "http://|Found|見つけました')
        if "[[nodes]]" not in said.string:
            pytest.skip("an LLM server runs on this machine")
        for place in ("Ollama (11434)", "LM Studio (1234)", "vLLM (8000)", "llama.cpp (8081)", "llama.cpp (8080)"):
            assert place in said.string
        assert ("で待ち受けています" in said.string) == ("見つかりません" in said.string) == language.startswith("ja")
        assert '"event":"ignored","problem":"LLMLB_PORT: ' in program.err, "told in the log, as JSON like all of it"
        program.process.terminate()
        assert await program.exit_code() == 0
        assert "Traceback" not in program.err
    finally:
        program.kill()


def start_redirected(folder: Path, to: str, *arguments: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """A program whose output goes where the shell is told to let it go."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
    command = ["sh", "-c", f'exec "$0" -m llmlb "$@" {to}', sys.executable, *arguments]
    environ = plain | {"LANG": "C.UTF-8", "LLMLB_SERVER_PORT": "0", "PYTHONPATH": str(ROOT)} | dict(env)
    return subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("to", [">&- 2>&-", "<&- >&- 2>&-", "> /dev/full", "> /dev/full 2>&1"])
async def test_it_runs_with_its_output_closed(tmp_path: Path, to: str) -> None:
    log = tmp_path / "log"
    process = start_redirected(tmp_path, to, "serve", env={"LLMLB_LOG_FILE": str(log)})
    try:
        await eventually(lambda: log.exists() and '"listening"' in log.read_text(), "it listens", START_SECS)
        process.terminate()
        await eventually(lambda: process.poll() is not None, "it ends", START_SECS)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("what", ["check", "simulate --mix a:rate=1,mean=1 --for 60 --nodes 1"])
async def test_what_cannot_be_told_is_one_plain_line_and_exit_1(tmp_path: Path, what: str) -> None:
    process = start_redirected(tmp_path, "> /dev/full", *what.split(), env={})
    _, err = await asyncio.to_thread(process.communicate, timeout=START_SECS)
    assert err == "llmlb: what came of it cannot be written to the output (No space left on device).\n"
    assert process.returncode == 1
