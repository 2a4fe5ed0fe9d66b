"""Every code block of the quickstarts and the READMEs does what the text around it says.

A shell block is run by bash, with the real curl. A Python block is run as a program, or, where it only defines a
function, that is called. TOML is checked by llmlb itself. Answers that are shown are compared with real ones. The
only thing changed is the port, so that nothing else on this machine can be in the way.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
import requests

from llmlb import __version__
from llmlb.cli import main
from llmlb.cli.status.paint import painted
from llmlb.cli.status.screen import screen
from llmlb.config.load import load
from llmlb.config.model import Server
from tests.docs.blocks import Block, blocks_of, shown_answer
from tests.docs.stage import Crowd, FastDemo
from tests.unit.cli.status.a_desk import seen

ROOT = Path(__file__).parents[2]
CUSTOMERS = ROOT.parent / "shared" / "spec" / "quickstart.ja.md"
OURS = [
    ROOT / name for name in ("README.md", "README.ja.md", "docs/quickstart.md", "docs/quickstart.en.md", "docs/api.md")
]
OURS += [ROOT / "docs" / "operating.md"]
DOCUMENTS = [*OURS, *([CUSTOMERS] if CUSTOMERS.exists() else [])]
BLOCKS = [block for file in DOCUMENTS for block in blocks_of(file)]

ADDRESS = f"http://localhost:{Server().port}"
PATIENCE = 30.0
FILE = """
[[nodes]]
url = "http://127.0.0.1:9"
models = ["llama-3.2-1b"]
"""


def is_server(command: str) -> bool:
    """Whether a command goes on until it is told to stop."""
    return bool(
        re.match(r"make (demo|serve)\b", command) or re.search(r"-m llmlb(\.demo\.node| demo| serve)\b", command)
    )


def is_export(block: Block) -> bool:
    return bool(block.commands) and all(command.startswith("export ") for command in block.commands)


def runs(block: Block) -> bool:
    """Whether there is anything for a shell to do."""
    return block.language == "bash" and bool(block.commands)


def is_library(block: Block) -> bool:
    """Whether a Python block only defines what its reader is to call."""
    definitions = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.Assign
    return all(isinstance(node, definitions) for node in ast.parse(block.text).body)


KINDS: dict[str, Callable[[Block], bool]] = {
    "answer": lambda b: b.language in {"bash", "http"} and not runs(b) and shown_answer(b) is not None,
    "environment": lambda b: b.language == "bash" and is_export(b),
    "server": lambda b: runs(b) and is_server(b.commands[0]),
    "shell": runs,
    "function": lambda b: b.language == "python" and is_library(b),
    "program": lambda b: b.language == "python",
    "configuration": lambda b: b.language == "toml",
    "screen": lambda b: b.language == "text",
}
"""What is done with a block: the first kind that is true of it."""


def kind_of(block: Block) -> str | None:
    return next((kind for kind, holds in KINDS.items() if holds(block)), None)


def every(kind: str) -> pytest.MarkDecorator:
    """Run a test for each block of a kind."""
    blocks = [block for block in BLOCKS if kind_of(block) == kind]
    return pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in blocks])


@pytest.fixture(scope="module")
def demo() -> Iterator[FastDemo]:
    with FastDemo() as one:
        yield one


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with Crowd() as one:
        yield one


def at(port: int, text: str) -> str:
    """The text, for a gateway on this port."""
    return text.replace(ADDRESS, f"http://localhost:{port}")


def environment(**more: str) -> dict[str, str]:
    """What a block finds around it: the tools of this environment first, and no proxy."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    usual = {"PATH": path, "PYTHONPATH": str(ROOT), "NO_PROXY": "*", "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}
    return os.environ | usual | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.skipif(not CUSTOMERS.exists(), reason="the customer's quickstart does not lie beside this checkout")
def test_the_quickstart_of_the_customer_is_among_the_documents() -> None:
    assert len(blocks_of(CUSTOMERS)) >= 8


@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in BLOCKS])
def test_there_is_a_way_to_try_every_block(block: Block) -> None:
    assert kind_of(block) is not None, f"{block.name}: nobody knows how to try a block of {block.language!r}"


def test_a_block_of_an_unknown_language_is_not_passed_over() -> None:
    assert kind_of(Block(Path("x.md"), 1, "rust", "fn main() {}\n")) is None
    assert kind_of(Block(Path("x.md"), 1, "", "make demo\n")) is None


# Shell


@every("shell")
def test_commands_work(block: Block, demo: FastDemo, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(FILE, encoding="utf-8")
    script = at(demo.port, block.text).replace(".venv/bin/python", sys.executable)
    bash = ["bash", "-euo", "pipefail", "-c", script]
    if "set-password" in script:
        assert typing("a long password", bash, tmp_path) == 0
        assert "$argon2id$" in (tmp_path / "config.toml").read_text(encoding="utf-8")
        return
    done = subprocess.run(
        bash,
        cwd=tmp_path,
        env=environment(TOKEN="a-token-for-metrics"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if "curl" in script:
        judge(script, done.stdout)


def typing(answer: str, command: list[str], folder: Path) -> int:
    """The exit code of a command that is at a terminal, and is given this answer to each of its two questions."""
    at_a_terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    with subprocess.Popen(
        [sys.executable, "-c", at_a_terminal, *command],
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            asked = b""
            while not asked.endswith(b": "):
                more = process.stdout.read(1)
                assert more, asked
                asked += more
            process.stdin.write(f"{answer}\n".encode())
        process.stdout.read()
        return process.wait(PATIENCE)


def judge(script: str, printed: str) -> None:
    """Whether curl has printed what its reader wants to see."""
    head, _, body = printed.partition("\n\n") if " -i " in script else ("", "", printed)
    if head:
        assert head.startswith("HTTP/1.1 200 OK\n")
        assert "\nServer: llmlb\n" in head + "\n"
    if '"stream": true' in script:
        assert body.startswith("data: {")
        assert body.endswith("data: [DONE]\n\n")
    elif "/v1/chat/completions" in script:
        assert json.loads(body)["choices"][0]["message"]["content"]
    elif "/v1/models" in script:
        assert "llama-3.2-1b" in [model["id"] for model in json.loads(body)["data"]]
    elif "/api/queue/stats" in script:
        assert {"waiting_count", "processing_count", "avg_wait_time_ms"} <= set(json.loads(body))
    elif re.search(r"/(healthz|health|readyz)\b", script):
        assert set(body.splitlines()) <= {"ok", "ready"}
    elif "/metrics" in script:
        assert "\nllmlb_requests_waiting 0.0\n" in body
        assert "\nllmlb_key_waiting{" in body, "who asks on this machine sees the series by key"
    else:
        raise AssertionError(f"nobody knows what this should print: {script}")


@every("screen")
def test_a_screen_is_drawn_so(block: Block) -> None:
    shown = screen(attrs.evolve(seen(), version=__version__), 80, 24, "en")
    assert block.text.splitlines() == [painted(line, colors=False) for line in shown]


@every("server")
def test_what_starts_a_server_does(block: Block, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(FILE, encoding="utf-8")
    port = free_port()
    for command in block.commands:
        script = command
        if command.startswith("make "):
            plan = ["make", "--dry-run", "-C", str(ROOT), "--no-print-directory", *command.split()[1:]]
            script = subprocess.run(plan, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
        script = script.replace(".venv/bin/python", "python")
        announced, code = start(script if "=" in script.split()[0] else f"exec {script}", tmp_path, port)
        assert str(port) in announced
        assert code == 0


def start(script: str, folder: Path, port: int, **variables: str) -> tuple[str, int]:
    """Start a server by bash, wait until it says where it is, and stop it. Returns its first line and exit code."""
    address = {} if "--port" in script else {"LLMLB_SERVER_PORT": str(port)}
    script = re.sub(r"--port \d+", f"--port {port}", script)
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=environment(**address, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        process_group=0,
    ) as server:
        assert server.stdout is not None
        timer = threading.Timer(PATIENCE, server.kill)
        timer.start()
        try:
            first = server.stdout.readline()
        finally:
            timer.cancel()
            os.killpg(server.pid, signal.SIGTERM)
            server.stdout.read()
        return first, server.wait(PATIENCE)


@every("environment")
def test_variables_take_effect(block: Block, tmp_path: Path) -> None:
    given = dict(command.removeprefix("export ").split("=", 1) for command in block.commands)
    listed = subprocess.run(
        ["bash", "-c", f"{block.text}\nenv --null"], env=environment(), capture_output=True, text=True, check=True
    ).stdout
    seen = dict(line.split("=", 1) for line in listed.split("\0") if "=" in line)
    assert {name: seen[name] for name in given} == given
    loaded = load(None, seen)
    assert loaded.notices == ()
    for name, value in given.items():
        table, _, key = name.removeprefix("LLMLB_").lower().partition("_")
        assert str(getattr(getattr(loaded.config, table), key)) == value
    port = free_port()
    (tmp_path / "config.toml").write_text(FILE, encoding="utf-8")
    announced, code = start(f"{block.text}\nexec python -m llmlb serve", tmp_path, port)
    assert (str(port) in announced, code) == (True, 0)


# Python


@every("program")
def test_programs_work(block: Block, demo: FastDemo, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(at(demo.port, block.text), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program], env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) > 40
    if "asyncio.gather" in block.text:
        # Five at once on two nodes: two are served at once, three wait and are told so.
        positions = re.findall(r"(?:キュー位置: |place )(\d+)|(\d+)番目", done.stdout)
        assert sorted(int(a or b) for a, b in positions) == [1, 2, 3]
        assert done.stdout.count("...") == 5


def never(_: float) -> None:
    pytest.fail("there was no reason to pause")


def defined_by(
    block: Block, port: int, sleep: Callable[[float], None], say: Callable[[str], None] = print
) -> Callable[..., Any]:
    """The function of a block; its pauses take no time, but are told to `sleep`, and what it prints to `say`."""
    namespace: dict[str, Any] = {"print": say}
    exec(compile(at(port, block.text), block.name, "exec"), namespace)  # our own documents
    namespace["time"] = SimpleNamespace(sleep=sleep)
    name = [node.name for node in ast.parse(block.text).body if isinstance(node, ast.FunctionDef)][-1]
    function: Callable[..., Any] = namespace[name]
    return function


@every("function")
def test_functions_return_the_answer(block: Block, demo: FastDemo) -> None:
    answer = defined_by(block, demo.port, never)("Hello")
    assert "Hello" in answer["choices"][0]["message"]["content"]


@every("function")
def test_functions_come_back_to_a_full_queue_when_told(block: Block, crowd: Crowd) -> None:
    crowd.fill()
    pauses: list[float] = []
    lines: list[str] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            crowd.relax()

    answer = defined_by(block, crowd.port, sleep, lines.append)("Hello")
    assert answer["choices"][0]["message"]["content"] == "ok"
    assert len(pauses) == 2
    assert all(pause == int(pause) >= 5 for pause in pauses), pauses
    assert [f"{seconds:g}" in line for seconds, line in zip(pauses, lines, strict=True)] == [True, True]


@every("function")
def test_functions_ask_again_after_a_timeout(block: Block, crowd: Crowd) -> None:
    lines: list[str] = []
    asking = Asking(defined_by(block, crowd.port, lambda _: None, lines.append))
    crowd.when_waiting(lambda: crowd.clock.advance(60.0))
    crowd.when_waiting(lambda: None)  # it has asked again
    crowd.relax()
    assert asking.result()["choices"][0]["message"]["content"] == "ok"
    assert len(lines) == 1


class Asking:
    """A call of a function in a thread of its own."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._value: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(ask,), daemon=True)
        self._thread.start()

    def result(self) -> Any:
        """What it returned or raised."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
        return self._value

    def _run(self, ask: Callable[..., Any]) -> None:
        try:
            self._value = ask("Hello")
        except Exception as error:
            self._error = error


@every("function")
def test_functions_give_up_in_the_end(block: Block, crowd: Crowd) -> None:
    crowd.fill()
    pauses: list[float] = []
    with pytest.raises(Exception, match=r"最大リトライ回数|あきらめました|gave up"):
        defined_by(block, crowd.port, pauses.append)("Hello")
    assert pauses


@every("function")
def test_functions_raise_what_is_not_worth_another_try(block: Block, demo: FastDemo) -> None:
    wrong = Block(block.file, block.line, block.language, block.text.replace("sk-your-api-key", "sk-wrong"))
    with pytest.raises(requests.HTTPError, match="401"):
        defined_by(wrong, demo.port, never)("Hello")


# What is shown


@every("configuration")
def test_configurations_are_right(block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block.text, encoding="utf-8")
    assert main(["check", "--config", str(file)]) == 0, capsys.readouterr().err


ANSWERS = [block for block in BLOCKS if shown_answer(block) is not None]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in ANSWERS])
def test_answers_are_shown_as_they_are(block: Block, crowd: Crowd) -> None:
    shown = shown_answer(block)
    assert shown is not None
    real = answers(crowd, "en" if block.file.name in {"README.md", "quickstart.en.md", "api.md"} else "ja")[
        int(shown.status_line.split()[1])
    ]
    assert shown.status_line == f"HTTP/1.1 {real.status_code} {real.reason}"
    told = dict(real.headers)
    told["Content-Type"] = told["Content-Type"].partition(";")[0]
    assert {name: told[name] for name in shown.headers} == shown.headers
    body = real.json()
    if block.file == CUSTOMERS:  # which shows less than there is, and nothing that is not
        body["error"] = {name: body["error"][name] for name in shown.body["error"]}
    assert shown.body == body
    assert list(shown.body["error"]) == list(body["error"])


def answers(crowd: Crowd, language: str) -> dict[int, requests.Response]:
    """A real 429 and a real 504 of a gateway that knows nothing yet."""

    def ask() -> requests.Response:
        return requests.post(
            f"http://localhost:{crowd.port}/v1/chat/completions",
            json={"model": "llama-3.2-1b", "messages": []},
            headers={"Accept-Language": language},
            timeout=PATIENCE,
        )

    late = Asking(lambda _: ask())
    crowd.when_waiting(lambda: crowd.clock.advance(60.0))
    timed_out = late.result()
    crowd.fill()
    return {504: timed_out, 429: ask()}


def test_the_answers_that_matter_most_are_shown() -> None:
    shown = [(block.file.name, answer.status_line) for block in ANSWERS if (answer := shown_answer(block))]
    for name in ("quickstart.md", "quickstart.en.md"):
        for status in ("HTTP/1.1 429 Too Many Requests", "HTTP/1.1 504 Gateway Timeout"):
            assert (name, status) in shown


def test_the_tools_of_the_documents_are_here() -> None:
    assert [tool for tool in ("bash", "curl", "make") if shutil.which(tool) is None] == []
