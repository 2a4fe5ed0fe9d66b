"""`python -m llmlb demo`, as someone sees it who has just heard of llmlb."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llmlb.testing.waiting import within
from tests.process.caller import Caller, request_bytes
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
            if b"data: {" in event:
                state = json.loads(event.partition(b"data: ")[2])
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
    process = await asyncio.create_subprocess_shell(
        f"no_proxy='*' {command}", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await within(55, process.communicate(), lambda: "curl ends")
    return out.decode()


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
