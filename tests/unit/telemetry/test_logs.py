"""The log: where lines go, in which format, and what of a malformed request is in them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadStatusLine
from msgspec.structs import replace

from llmlb.config.model import Log
from llmlb.telemetry.log_sink import MOST_TOGETHER
from llmlb.telemetry.logs import WRITTEN_WITHIN_SECS, RequestLog, configure, flush
from llmlb.telemetry.record import Outcome, Record
from llmlb.testing import ManualClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _leave_no_trace() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def request_line(record: Record) -> None:
    """Have the line of a request written."""
    RequestLog(ManualClock()).add(record)
    flush()


RECORD = Record(
    id="r1",
    at=0.0,
    key_name="app-a",
    path="/v1/chat/completions",
    model="llama-3.2-1b",
    outcome=Outcome.SERVED,
    status=200,
    waited=1.23456,
    reached_node=True,
    node="gpu-1",
    position=3,
    estimate=30,
    service=2.0,
    size=321,
    tokens=45,
    attempts=1,
)


def test_a_request_is_one_line_with_all_that_is_known_of_it() -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    request_line(RECORD)
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request",
        "id": "r1",
        "key": "app-a",
        "model": "llama-3.2-1b",
        "node": "gpu-1",
        "position": 3,
        "estimate": 30,
        "wait": 1.235,
        "service": 2.0,
        "outcome": "served",
        "status": 200,
        "size": 321,
        "tokens": 45,
        "attempts": 1,
        "reason": "",
    }


def test_lines_of_requests_are_written_together_some_milliseconds_later() -> None:
    stream, clock = io.StringIO(), ManualClock()
    configure(Log(), stream=stream)
    requests = RequestLog(clock)
    for id in "abc":
        requests.add(replace(RECORD, id=id))
    assert stream.getvalue() == ""
    clock.advance(WRITTEN_WITHIN_SECS)
    assert [line["id"] for line in lines(stream)] == ["a", "b", "c"]
    requests.add(replace(RECORD, id="d"))
    clock.advance(WRITTEN_WITHIN_SECS)
    assert len(lines(stream)) == 4, "and so again"


def test_another_line_is_written_at_once_after_those_of_requests_before_it() -> None:
    stream, clock = io.StringIO(), ManualClock()
    configure(Log(), stream=stream)
    requests = RequestLog(clock)
    requests.add(RECORD)
    structlog.get_logger().warning("node_offline")
    assert [line["event"] for line in lines(stream)] == ["request", "node_offline"]
    requests.add(RECORD)
    logging.getLogger("aiohttp.internal").warning("odd cookie")
    assert [line["event"] for line in lines(stream)][2:] == ["request", "odd cookie"]
    clock.advance(1.0)
    assert len(lines(stream)) == 4, "each once"


def test_requests_that_are_over_are_told_to_the_log_there_was_then(tmp_path: Path) -> None:
    old, new, clock = tmp_path / "old.log", io.StringIO(), ManualClock()
    configure(Log(file=str(old)))
    requests = RequestLog(clock)
    requests.add(RECORD)
    configure(Log(level="warning"), stream=new)
    assert [json.loads(line)["event"] for line in old.read_text().splitlines()] == ["request"]
    clock.advance(1.0)
    assert new.getvalue() == ""


def test_a_time_is_that_of_the_end_of_the_request() -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    for at in (1_700_000_000.25, 1_700_000_000.5, 1_700_000_001.9999999):
        request_line(replace(RECORD, at=at))
    assert [line["time"] for line in lines(stream)] == [
        "2023-11-14T22:13:20.250000Z",
        "2023-11-14T22:13:20.500000Z",
        "2023-11-14T22:13:22.000000Z",
    ]


def test_an_endless_model_name_is_cut() -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    request_line(replace(RECORD, model="m" * 9999))
    assert lines(stream)[0]["model"] == "m" * 100 + "…"


@pytest.mark.parametrize(
    ("format_", "stream", "is_json"),
    [
        ("auto", io.StringIO(), True),
        ("auto", Terminal(), False),
        ("json", Terminal(), True),
        ("console", io.StringIO(), False),
    ],
)
def test_the_format_follows_the_setting_and_the_terminal(
    format_: Any, stream: io.StringIO, is_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    configure(Log(format=format_), stream=stream)
    request_line(RECORD)
    assert stream.getvalue().startswith("{") is is_json
    assert ("\x1b[" in stream.getvalue()) is (not is_json and stream.isatty())


def test_who_wants_no_colours_gets_the_same_words_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    configure(Log(), stream=(stream := Terminal()))
    structlog.get_logger().info("other", key="alice")
    request_line(RECORD)
    assert "\x1b" not in stream.getvalue()
    assert all(said in stream.getvalue() for said in (" key=alice", f" key={RECORD.key_name}"))


def test_a_file_gets_json_and_keeps_what_it_had(tmp_path: Path) -> None:
    file = tmp_path / "llmlb.log"
    file.write_text('{"event":"before"}\n')
    configure(Log(file=str(file)), stream=Terminal())
    request_line(RECORD)
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["before", "request"]


def test_a_file_that_cannot_be_opened_changes_nothing(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    with pytest.raises(OSError, match="nowhere"):
        configure(Log(file=str(tmp_path / "nowhere" / "llmlb.log")))
    request_line(RECORD)
    assert len(lines(stream)) == 1


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="pipe"):
        configure(Log(file=str(pipe)))
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    configure(Log(file=str(pipe)))
    request_line(RECORD)
    with open(reader) as read:
        assert json.loads(read.readline())["event"] == "request"


def test_configured_again_lines_go_to_the_new_place_only(tmp_path: Path) -> None:
    old, new = tmp_path / "old.log", io.StringIO()
    configure(Log(file=str(old)))
    configure(Log(), stream=new)
    request_line(RECORD)
    logging.getLogger("aiohttp.internal").warning("odd cookie")
    assert old.read_text() == ""
    assert [line["event"] for line in lines(new)] == ["request", "odd cookie"]


def test_a_full_disk_lets_go_of_the_log_as_soon_as_it_is_elsewhere() -> None:
    new = io.StringIO()
    configure(Log(file="/dev/full"))
    request_line(RECORD)
    configure(Log(), stream=new)
    request_line(RECORD)
    logging.getLogger("aiohttp.internal").warning("odd cookie")
    assert [line["event"] for line in lines(new)] == ["request", "odd cookie"]


def test_below_the_level_nothing_is_written() -> None:
    stream = io.StringIO()
    configure(Log(level="warning"), stream=stream)
    request_line(RECORD)
    structlog.get_logger().warning("node_offline", node="gpu-1")
    assert [line["event"] for line in lines(stream)] == ["node_offline"]


def test_a_log_that_cannot_be_written_fails_no_request() -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    stream.close()
    request_line(RECORD)


def test_libraries_speak_through_the_same_renderer() -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    logging.getLogger("asyncio").error("Task %s died\n", "x")
    (line,) = lines(stream)
    assert (line["level"], line["event"], line["logger"]) == ("error", "Task x died\n", "asyncio")


def test_libraries_chatter_is_left_out_unless_looked_for() -> None:
    quiet, chatty = io.StringIO(), io.StringIO()
    configure(Log(), stream=quiet)
    logging.getLogger("asyncio").info("Using selector")
    configure(Log(level="debug"), stream=chatty)
    logging.getLogger("asyncio").debug("Using selector")
    assert quiet.getvalue() == ""
    assert lines(chatty)[0]["event"] == "Using selector"


async def served(stream: io.StringIO, payload: bytes) -> bytes:
    """Send `payload` to a real server with one crashing route and return its answer."""

    async def crash(request: web.Request) -> web.Response:
        try:
            raise BadStatusLine("SECRET-IN-CAUSE")
        except BadStatusLine as error:
            raise KeyError("broken handler") from error

    app = web.Application()
    app.router.add_get("/crash", crash)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(payload)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    await runner.cleanup()
    return answer


@pytest.mark.parametrize(
    "payload",
    [
        b"GET /SECRET HTTP/1.1\r\nHost: x\r\nbad header SECRET\r\n\r\n",
        b"SECRET\x00\x1b[31m\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: SECRET\r\n\r\n",
        b"GET /" + b"SECRET" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
@pytest.mark.parametrize("level", ["info", "debug"])
async def test_a_malformed_request_is_one_line_without_its_bytes(payload: bytes, level: Any) -> None:
    stream = io.StringIO()
    configure(Log(level=level), stream=stream)
    answer = await served(stream, payload)
    assert answer.startswith(b"HTTP/1.")
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert "SECRET" not in stream.getvalue()
    assert "Traceback" not in stream.getvalue()
    said = [(line["level"], line["status"]) for line in lines(stream) if line["event"] == "malformed request"]
    not_even_http = b"HTTP/1." not in payload  # aiohttp tells of these at debug only
    assert said == ([] if not_even_http and level == "info" else [("warning", 400)])


async def test_a_crashing_handler_is_logged_with_its_traceback_but_without_request_bytes() -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    await served(stream, b"GET /crash HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    (line,) = lines(stream)
    assert line["level"] == "error"
    assert "Traceback" in line["exception"]
    assert "broken handler" in line["exception"]
    assert "SECRET" not in stream.getvalue()


def test_a_caught_crash_of_our_own_is_logged_with_its_cause() -> None:
    stream = io.StringIO()
    configure(Log(), stream=stream)
    try:
        try:
            raise OSError("disk")
        except OSError as error:
            raise RuntimeError("broken") from error
    except RuntimeError:
        structlog.get_logger().exception("unexpected")
    (line,) = lines(stream)
    assert "OSError: disk" in line["exception"]
    assert "RuntimeError: broken" in line["exception"]


def test_a_disk_that_fills_in_the_midst_of_many_lines_tears_none(tmp_path: Path) -> None:
    file = tmp_path / "llmlb.log"
    configure(Log(file=str(file)))
    requests = RequestLog(ManualClock())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_TOGETHER * 100, hard))
    try:
        for number in range(20 * MOST_TOGETHER):
            requests.add(replace(RECORD, id=str(number)))
        assert not file.read_text().endswith("\n"), "the disk is full"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    requests.add(replace(RECORD, id="after"))
    flush()
    told = [json.loads(line)["id"] for line in file.read_text().splitlines()]
    assert told[-1] == "after"
    assert told[:-1] == [str(number) for number in range(len(told) - 1)], "what is lost is lost together"
