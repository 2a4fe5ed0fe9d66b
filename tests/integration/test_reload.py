"""The configuration file is read again while the gateway runs: whole, or not at all."""

# ruff: noqa: ASYNC240 - one small file

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from llmlb.clock import Clock, LoopClock
from llmlb.config import follow
from llmlb.config.document import Document, parse_document, read_bytes
from llmlb.config.follow import Reading, Watch, read_once
from llmlb.config.load import load
from llmlb.config.problems import ConfigError
from llmlb.gateway import reload
from llmlb.gateway.reload import Reload, Reloader
from llmlb.testing import eventually
from llmlb.testing.waiting import pause, within
from tests.integration.bench import Bench, bench

KEY = '[[api_keys]]\nname = "alice"\nkey = "sk-alice-0123456789"\n'
NODE = '[[nodes]]\nname = "n1"\nurl = "http://127.0.0.1:9"\n'
OPEN_HOST = '[server]\nhost = "0.0.0.0"\nport = 0\n'
Lines = Callable[[], list[dict[str, Any]]]


@asynccontextmanager
async def following(file: Path) -> AsyncIterator[tuple[Bench, Reloader]]:
    """A gateway that follows the file."""
    loaded = load(file if file.exists() else None, {})
    async with bench(loaded.config, ready=0) as gateway:
        reloader = Reloader(gateway.gateway, file, loaded, {}, LoopClock())
        task = asyncio.create_task(reloader.run())
        try:
            yield gateway, reloader
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def asked(reloader: Reloader) -> Reload:
    return await within(5.0, reloader.ask("SIGHUP"), lambda: "the file is read")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(KEY + NODE)
    return path


@pytest.mark.parametrize("half", ["", KEY])
async def test_a_file_that_is_just_being_saved_is_read_when_it_is_whole(
    file: Path, half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor that saves in place empties the file first."""
    contents: list[bytes | ConfigError] = []

    def between_two_writes(path: Path, clock: Clock) -> Reading:
        if not contents:
            file.write_text(half)
        reading = read_once(path, clock)
        if not contents:
            file.write_text(KEY + NODE.replace("n1", "n2"))
        contents.append(reading.content)
        return reading

    monkeypatch.setattr(reload, "read_once", between_two_writes)
    async with following(file) as (gateway, reloader):
        assert (await asked(reloader)).problems == ()
        assert contents[0] == half.encode()
        assert [key.name for key in gateway.gateway.config.api_keys] == ["alice"]
        assert [node.name for node in gateway.gateway.config.nodes] == ["n2"]


async def test_a_file_that_is_long_whole_is_read_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = []

    def counted(path: Path, clock: Clock) -> Reading:
        readings.append(read_once(path, clock))
        return readings[-1]

    monkeypatch.setattr(reload, "read_once", counted)
    os.utime(file, (1.0, 1.0))
    async with following(file) as (_, reloader):
        await asked(reloader)
        assert len(readings) == 1


async def test_a_file_of_the_future_is_read_when_it_has_stood_still(file: Path) -> None:
    os.utime(file, (4e9, 4e9))
    async with following(file) as (_, reloader):
        assert (await asked(reloader)).problems == ()


async def test_who_asks_in_the_last_moment_is_told_that_it_is_the_last(file: Path) -> None:
    async with following(file) as (_, reloader):
        assert not (await asked(reloader)).stopping
        answer = reloader.ask("SIGHUP")
    assert (await asked(reloader)).stopping
    assert (await within(5.0, answer, lambda: "an answer")).stopping


@pytest.fixture
def restless(file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Somebody writes the file whenever it is read, until this is called."""

    def read(path: Path) -> bytes:
        content = read_bytes(path)
        file.write_bytes(content + b"#")
        return content

    monkeypatch.setattr(follow, "read_bytes", read)
    return lambda: monkeypatch.setattr(follow, "read_bytes", read_bytes)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What came of each look at the file by itself; there are many, one after another."""
    looks: list[bool] = []
    look = Watch.look

    def counted(watch: Watch) -> bool:
        looks.append(look(watch))
        return looks[-1]

    monkeypatch.setattr(Watch, "look", counted)
    monkeypatch.setattr(reload, "LOOK_SECS", 0.01)
    return looks


async def test_a_file_that_never_stands_still_is_refused_and_read_later(
    file: Path, restless: Callable[[], None]
) -> None:
    async with following(file) as (gateway, reloader):
        assert [problem.reason for problem in (await asked(reloader)).problems] == ["unsettled"]
        assert gateway.gateway.config_refused
        restless()
        await eventually(lambda: not gateway.gateway.config_refused, "it is read after all")


@pytest.mark.usefixtures("restless")
async def test_a_change_that_goes_on_while_it_is_read_is_not_told_as_a_problem(
    file: Path, log: Lines, looks: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "LONGEST_SECS", 0.2)
    async with following(file) as (gateway, _):
        await eventually(lambda: True in looks[:-1], "it has been read again and again, and left for later")
        assert not gateway.gateway.config_refused
        assert [line for line in log() if line["level"] == "error"] == []


async def test_a_save_that_failed_does_not_let_everybody_in(file: Path) -> None:
    async with following(file) as (gateway, reloader):
        file.write_text("\n")
        (problem,) = (await asked(reloader)).problems
        assert problem.reason == "emptied"
        assert len(gateway.gateway.config.api_keys) == 1
        file.write_text("# no keys any more\n")
        assert (await asked(reloader)).problems == ()
        assert not gateway.gateway.config.api_keys


async def test_what_other_machines_reach_is_not_opened_by_a_file_that_says_another_address(file: Path) -> None:
    file.write_text(OPEN_HOST + KEY + NODE)
    async with following(file) as (gateway, reloader):
        for keyless in (NODE, '[server]\nhost = "127.0.0.1"\n', OPEN_HOST):
            file.write_text(keyless)
            (problem,) = (await asked(reloader)).problems
            assert "allow_anonymous" in problem.text("en")
            assert [key.name for key in gateway.gateway.config.api_keys] == ["alice"]
        file.write_text(NODE + "[server]\nallow_anonymous = true\n")
        assert (await asked(reloader)).problems == ()


async def test_a_file_that_appears_is_taken_and_one_that_vanishes_is_told(tmp_path: Path, log: Lines) -> None:
    file = tmp_path / "config.toml"
    async with following(file) as (gateway, reloader):
        assert (await asked(reloader)).problems == ()
        file.write_text(NODE)
        await eventually(lambda: gateway.gateway.config.nodes, "it is taken by itself")
        file.unlink()
        await eventually(lambda: gateway.gateway.config_refused, "it is missed")
        assert len(gateway.gateway.config.nodes) == 1
        (line,) = [line for line in log() if line["level"] == "error"]
        assert (line["event"], line["by"]) == ("configuration refused", "file change")
        file.write_text(NODE)
        await eventually(lambda: not gateway.gateway.config_refused, "it is back")
        assert "configuration as before" in [line["event"] for line in log()]


async def test_what_has_changed_is_logged_without_values_and_who_asked(file: Path, log: Lines) -> None:
    async with following(file) as (_, reloader):
        changed = "[server]\nport = 4\n[queue]\nmax_size = 7\n" + KEY.replace("sk-alice", "sk-other") + NODE
        file.write_text(changed)
        came = await asyncio.gather(reloader.ask("SIGHUP"), reloader.ask("command"))
        assert came[0] == came[1]
        assert came[0].restart == ("server.port",)
        (line,) = [line for line in log() if line["event"] == "configuration applied"]
        assert line["by"] == "SIGHUP, command"
        assert line["changed"] == ["server.port", "queue.max_size", "api_keys.alice.key"]
        (line,) = [line for line in log() if line["event"] == "restart needed"]
        assert line["settings"] == ["server.port"]


async def test_the_same_problems_are_told_again_only_to_who_asks(file: Path, log: Lines, looks: list[bool]) -> None:
    def refusals() -> list[str]:
        return [line["by"] for line in log() if line["event"] == "configuration refused"]

    async with following(file) as (_, reloader):
        file.write_text("[queue]\nmax_size = 0\n[nodez]\n" + KEY)
        await eventually(lambda: len(refusals()) == 2, "each problem is told")
        await asked(reloader)
        assert refusals() == ["file change"] * 2 + ["SIGHUP"] * 2
        looks.clear()
        os.utime(file)
        await eventually(lambda: True in looks[:-1], "it has been read again by itself")
        assert len(refusals()) == 4


async def test_a_gateway_that_stops_takes_nothing(file: Path) -> None:
    async with following(file) as (gateway, reloader):
        gateway.gateway.draining = True
        assert (await asked(reloader)).stopping


async def test_who_asks_a_gateway_that_is_gone_is_not_left_waiting(file: Path) -> None:
    async with following(file) as (_, reloader):
        answer = reloader.ask("command")
        await pause(0)
    assert answer.cancelled() or answer.done()


async def test_a_log_file_is_opened_anew(file: Path, tmp_path: Path, log: Lines) -> None:
    async with following(file) as (_, reloader):
        file.write_text(f'[log]\nfile = "{tmp_path / "a.log"}"\n' + KEY)
        await asked(reloader)
        (tmp_path / "a.log").rename(tmp_path / "old.log")
        await asked(reloader)
        assert "configuration applied" in (tmp_path / "a.log").read_text()


async def test_a_log_file_is_opened_anew_whatever_the_configuration_is_like(
    file: Path, tmp_path: Path, log: Lines
) -> None:
    """It has been moved away: what is told from now on would be lost with it."""
    async with following(file) as (_, reloader):
        file.write_text(f'[log]\nfile = "{tmp_path / "a.log"}"\n' + KEY)
        await asked(reloader)
        file.write_text("[queue]\nmax_size = 0\n")
        (tmp_path / "a.log").rename(tmp_path / "old.log")
        assert (await asked(reloader)).problems
        assert "configuration refused" in (tmp_path / "a.log").read_text()


async def test_what_was_changed_is_logged_and_kept_with_who_and_from_what_to_what(file: Path, log: Lines) -> None:
    async with following(file) as (gateway, reloader):
        file.write_text("[queue]\nmax_size = 7\n" + KEY.replace("sk-alice", "sk-other") + NODE)
        await asked(reloader)
        await asked(reloader)  # nothing is different, so nothing is kept
        (applied,) = gateway.gateway.changes
        assert (applied.by, applied.more) == ("SIGHUP", 0)
        assert [(one.name, one.values) for one in applied.changed] == [
            ("queue.max_size", "100 -> 7"), ("api_keys.alice.key", ""),
        ]  # fmt: skip
        line = next(line for line in log() if line["event"] == "configuration applied")
        assert (line["by"], line["values"]) == ("SIGHUP", {"queue.max_size": "100 -> 7"})
        assert "sk-" not in str(log())


async def test_a_change_noticed_by_itself_belongs_to_whoever_asks_right_after(file: Path, log: Lines) -> None:
    """A command writes the file and then asks; the gateway may look in between."""
    async with following(file) as (gateway, reloader):
        file.write_text("[queue]\nmax_size = 7\n" + KEY + NODE)
        await eventually(lambda: gateway.gateway.config.queue.max_size == 7, "it is noticed")
        assert [applied.by for applied in gateway.gateway.changes] == ["file change"]
        assert (await asked(reloader)).changed == ("queue.max_size",)
        assert [applied.by for applied in gateway.gateway.changes] == ["SIGHUP"]
        assert (await asked(reloader)).changed == ()  # once
        assert [line["by"] for line in log() if line["event"] == "configuration applied" and line["changed"]] == [
            "file change", "SIGHUP",
        ]  # fmt: skip


async def test_what_is_as_it_was_at_the_start_is_not_judged_a_second_time(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ten thousand keys that takes seconds, beside the very first requests."""
    judged: list[bytes] = []

    def parse(content: bytes, name: str) -> Document:
        judged.append(content)
        return parse_document(content, name)

    monkeypatch.setattr(reload, "LOOK_SECS", 0.01)
    monkeypatch.setattr(reload, "parse_document", parse)
    os.utime(file, (1.0, 1.0))
    async with following(file) as (gateway, reloader):
        await eventually(lambda: reloader._watch._twice is not None, "it has been read twice")
        assert judged == []
        file.write_text(KEY + NODE.replace("n1", "n2"))
        await eventually(lambda: judged, "it is judged")
        assert (await asked(reloader)).problems == ()
        assert [node.name for node in gateway.gateway.config.nodes] == ["n2"]
