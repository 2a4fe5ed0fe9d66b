"""`python -m llmlb demo`, as someone sees it who has just heard of llmlb."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from llmlb.config.password import hash_password
from llmlb.testing import eventually
from llmlb.testing.waiting import within
from tests.process.caller import Caller, chat_body, request_bytes
from tests.process.commands import command
from tests.process.program import Program

KEY = "sk-your-api-key"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Program]:
    program = Program(tmp_path, "demo", env={"LLMLB_SERVER_PORT": "0"})
    try:
        yield program
        program.send(signal.SIGINT)  # Ctrl-C, as it says
        assert await program.exit_code() == 0
        assert "Traceback" not in program.err
        assert '"level":"error"' not in program.err
    finally:
        program.kill()


async def curl(*arguments: str) -> str:
    """What the real curl prints."""
    process = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--max-time", "50", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await within(55, process.communicate(), lambda: "curl ends")
    assert process.returncode == 0, out.decode()
    return out.decode()


async def busiest(port: int) -> tuple[int, int]:
    """Look at the page's own event stream until requests have been seen both waiting and in service."""
    watcher = await Caller.connect(port)
    waiting = processing = 0
    try:
        await watcher.send(request_bytes(method="GET", path="/api/queue/events"))
        await watcher.reads(b"\r\n\r\n")
        while not (waiting and processing):
            event = await watcher.reads(b"\n\n", 50)
            state = json.loads(event.partition(b"data: ")[2]) if b"data: {" in event else {}
            if "processing" in state:  # else it is of the past hour
                waiting = max(waiting, int(state["waiting"]))
                processing = max(processing, int(state["processing"]))
    finally:
        await watcher.close()
    return waiting, processing


def quickstart(url: str, **more: object) -> list[str]:
    """The arguments of the quickstart's request."""
    body = {"model": "llama-3.2-1b", "messages": [{"role": "user", "content": "Hello"}], **more}
    headers = ["-H", f"Authorization: Bearer {KEY}", "-H", "Content-Type: application/json"]
    return ["-N", "-X", "POST", f"{url}/v1/chat/completions", *headers, "-d", json.dumps(body)]


async def test_the_demo_answers_the_quickstart_and_shows_its_queue_at_work(demo: Program) -> None:
    url = (await demo.says(r"http://localhost:\d+(?=\s)"))[0]
    port = int(url.rpartition(":")[2])
    plain, streamed, printed, (waiting, processing) = await asyncio.gather(
        curl(*quickstart(url)),
        curl(*quickstart(url, stream=True)),
        curl_as_printed(demo),
        busiest(port),
    )
    assert json.loads(plain)["choices"][0]["message"]["content"]
    for stream in (streamed, printed):
        events = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
        assert events[-1] == "[DONE]"
        assert "".join(text(json.loads(event)) for event in events[:-1])
    assert waiting >= 1
    assert processing >= 1
    page = await curl(url, "-H", "Accept-Language: ja")
    for words in ("キュー状態", "待機中", "処理中", "平均待機時間", "demo-1", "demo-2"):
        assert words in page


def text(event: dict[str, list[dict[str, dict[str, str]]]]) -> str:
    """What an event of the stream adds."""
    return "".join(choice["delta"].get("content") or "" for choice in event["choices"])


async def curl_as_printed(demo: Program) -> str:
    """What the command prints that the demo tells people to try, run by a shell."""
    command = (await demo.says(r"(?s)  (curl -N .*?\}')\n"))[1]
    return await shell(None, f"no_proxy='*' {command}")


async def shell(folder: Path | None, command: str) -> str:
    """What a command writes that was copied into a shell."""
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, cwd=folder
    )
    out, _ = await within(55, process.communicate(), lambda: "the command ends")
    return out.decode()


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where demos put their directories: a short path, for there is a socket in it."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="t-") as directory:
        yield Path(directory)


def begun(folder: Path, temporary: Path, *arguments: str, **env: str) -> Program:
    """A demo whose temporary files are in a place of the test's own."""
    return Program(folder, "demo", *arguments, env={"LLMLB_SERVER_PORT": "0", "TMPDIR": str(temporary)} | env)


def left(temporary: Path) -> list[str]:
    """What is in that place."""
    return sorted(path.name for path in temporary.iterdir())


async def following(demo: Program) -> Path:
    """The file that it says it follows."""
    return Path((await demo.says(r"--config (\S+)"))[1])


async def sign_in(demo: Program, password: str) -> int:
    """The status of an attempt to sign in as the operator: 303 when the password is right."""
    url = (await demo.says(r"http://localhost:\d+(?=\s)"))[0]
    form = ("--data-urlencode", f"password={password}", "-H", f"Origin: {url}")
    process = await asyncio.create_subprocess_exec(
        *("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*", "--max-time", "50"),
        *(*form, f"{url}/operator/sign-in"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await within(55, process.communicate(), lambda: "curl ends")
    return int(out)


async def test_everything_can_be_tried_and_nothing_of_it_stays(tmp_path: Path, temporary: Path) -> None:
    demo = begun(tmp_path, temporary)
    try:
        file = await following(demo)
        password = (await demo.says(r"password: (demo-\w+)"))[1]
        status = (await demo.says(r"In another terminal: (.+) --watch --config"))[1]
        shown = await shell(tmp_path, f"{status} --config {file}")
        assert shown.startswith("llmlb "), shown
        assert await sign_in(demo, password + "x") != 303
        assert await sign_in(demo, password) == 303
        done = await command(tmp_path, "config", "set", "queue.max_size", "7", "--config", str(file))
        assert "The running gateway has applied it." in done.stdout, done
        assert "# The demo's own configuration." in file.read_text(encoding="utf-8")
        seen = await command(tmp_path, "status", "--config", str(file), "--json")
        assert json.loads(seen.stdout)["desk"]["overview"]["max_size"] == 7
        demo.send(signal.SIGTERM)
        assert await demo.exit_code() == 0
        assert left(temporary) == []
    finally:
        demo.kill()


async def test_two_demos_are_in_nobodys_way(tmp_path: Path, temporary: Path) -> None:
    first, second = begun(tmp_path / "one", temporary), begun(tmp_path / "two", temporary)
    try:
        one, other = await following(first), await following(second)
        assert len({one.parent, other.parent}) == 2
        passwords = [(await demo.says(r"password: (\S+)"))[1] for demo in (first, second)]
        assert len(set(passwords)) == 2
        first.send(signal.SIGINT)
        assert await first.exit_code() == 0
        assert left(temporary) == [other.parent.name]
    finally:
        first.kill()
        second.kill()


async def test_one_that_is_ended_at_once_tidies_up_as_well(tmp_path: Path, temporary: Path) -> None:
    demo = begun(tmp_path, temporary, LLMLB_LOG_LEVEL="info")
    try:
        await following(demo)
        caller = await Caller.connect(int((await demo.says(r"http://localhost:(\d+)"))[1]))
        body = chat_body("llama-3.2-1b", stream=True, prompt="Tell me a very long story. " * 40)
        await caller.send(request_bytes(body, headers=[("Authorization", f"Bearer {KEY}")]))
        await caller.reads(b"data: ")
        demo.send(signal.SIGINT)
        await eventually(lambda: '"event":"stopping"' in demo.err, "it has heard of the first signal")
        demo.send(signal.SIGINT)
        assert await demo.exit_code() == 128 + signal.SIGINT
        assert left(temporary) == []
        await caller.close()
    finally:
        demo.kill()


async def test_a_file_that_it_is_given_is_followed_in_a_copy(tmp_path: Path, temporary: Path) -> None:
    """Settings and the operator's password are taken from it; nothing is written to it."""
    text = (
        f'[queue]\nmax_size = 9\n[operator]\npassword_hash = "{hash_password("my own password")}"\n'
        f'[log]\nfile = "demo.log"\n[[nodes]]\nurl = "http://127.0.0.1:9"\n'
    )
    given = tmp_path / "given.toml"
    given.write_text(text, encoding="utf-8")
    demo = begun(tmp_path, temporary, "--config", str(given))
    try:
        file = await following(demo)
        assert "password:" not in demo.out
        assert await sign_in(demo, "my own password") == 303
        seen = json.loads((await command(tmp_path, "status", "--config", str(file), "--json")).stdout)
        assert seen["desk"]["overview"]["max_size"] == 9
        assert [node["name"] for node in seen["desk"]["nodes"]] == ["demo-1", "demo-2"]
        done = await command(tmp_path, "nodes", "drain", "demo-1", "--config", str(file))
        assert done.returncode == 0, done
        demo.send(signal.SIGTERM)
        assert await demo.exit_code() == 0
    finally:
        demo.kill()
    assert given.read_text(encoding="utf-8") == text
    assert '"listening"' in (tmp_path / "demo.log").read_text(encoding="utf-8")
    assert left(temporary) == []


async def test_the_demo_takes_no_configuration_it_was_not_given(tmp_path: Path) -> None:
    """Its keys are known to everybody: a file that opens the real gateway to others must not open the demo."""
    (tmp_path / "config.toml").write_text('[server]\nhost = "nonsense host"\n', encoding="utf-8")
    demo = Program(tmp_path, "demo", env={"LLMLB_SERVER_PORT": "0"})
    try:
        await demo.says(r"http://localhost:\d+")
        demo.send(signal.SIGTERM)
        assert await demo.exit_code() == 0
    finally:
        demo.kill()


async def test_what_it_says_to_type_can_be_typed_whatever_directories_are_called(tmp_path: Path) -> None:
    spaced = tmp_path / "a b"
    spaced.mkdir()
    program = Program(tmp_path, "demo", env={"LLMLB_SERVER_PORT": "0", "TMPDIR": str(spaced)})
    try:
        typed = (await program.says(r"In another terminal: (.*)"))[1]
        assert Path(shlex.split(typed)[-1]).exists()  # noqa: ASYNC240 - one small file
        program.send(signal.SIGINT)
        assert await program.exit_code() == 0
    finally:
        program.kill()
