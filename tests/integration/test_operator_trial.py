"""Changes of settings tried on the log before they are made."""

# ruff: noqa: ASYNC240 - small files

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from llmlb.testing import eventually
from llmlb.web.operator.settings_places import row_id
from tests.integration.tuning import APPLY, FILE, SETTINGS, tuning

WEIGHT_OF_ALICE = f"key.{row_id('alice')}.weight"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of this machine is taken for a node."""
    monkeypatch.setattr("llmlb.app.places", lambda _: ())


async def test_where_a_log_is_kept_the_changes_can_be_tried_on_it(file: Path) -> None:
    log = file.with_name("llmlb log.jsonl")
    async with tuning(file, FILE + f'[log]\nfile = "{log.name}"\n') as desk:
        difference = await desk.review(queue__max_size="200", **{WEIGHT_OF_ALICE: "3"})
        assert f"llmlb simulate --history '{log}' --config {file} --set queue.max_size=200" in difference.text, (
            difference.text
        )
        assert "What belongs to a key cannot be tried with --set." in difference.text


def history(count: int) -> str:
    """A log of so many requests."""
    line = (
        '{{"time":"2026-11-23T12:{:02}:{:02}Z","level":"info","event":"request","key":"<b>alice</b>","model":"m",'
        '"node":"n1","wait":0.0,"service":2.0,"outcome":"served","status":200,"size":14,"tokens":2}}\n'
    )
    return "".join(line.format(n // 60 % 60, n % 60) for n in range(count))


async def test_changes_are_tried_on_the_log_without_being_made(file: Path) -> None:
    log = file.with_name("llmlb.jsonl")
    log.write_text(history(20))
    node = '\n[[nodes]]\nname = "n1"\nurl = "http://127.0.0.1:9"\nmodels = ["m"]\n'
    text = FILE + f'[log]\nfile = "{log.name}"\n' + node
    async with tuning(file, text) as desk:
        difference = await desk.review(queue__max_size="1", **{WEIGHT_OF_ALICE: "3"})
        tried = await desk.send(difference.fields(APPLY), f"{SETTINGS}/try")
        assert tried.status == 200
        assert f"What came of it Workload: {log}" in tried.text, tried.text
        assert "Requests: 20. Keys: 1." in tried.text
        assert "max_size=1" in tried.text
        assert b"<b>alice" not in tried.answer.body
        assert file.read_text() == text
        assert tried.fields(APPLY) == difference.fields(APPLY), "it can still be applied"

        log.unlink()
        failed = await desk.send(difference.fields(APPLY), f"{SETTINGS}/try")
        assert "The log cannot be read. No such file or directory" in failed.text
        log.write_text("nothing\n")
        failed = await desk.send(difference.fields(APPLY), f"{SETTINGS}/try")
        assert "No request has been logged yet." in failed.text
        log.write_text('["request"]\n')
        failed = await desk.send(difference.fields(APPLY), f"{SETTINGS}/try")
        assert f"It could not be tried. llmlb: {log}: " in failed.text, "by the name the operator knows"
        assert (await desk.send(difference.fields(APPLY) | {"csrf": "x"}, f"{SETTINGS}/try")).status == 403


async def test_a_trial_that_takes_too_long_is_ended_and_only_one_runs(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = file.with_name("llmlb.jsonl")
    log.write_text(history(20))
    pid = file.with_name("pid")
    slow = file.with_name("slow")
    slow.write_text(f"#!/bin/sh\necho $$ > {pid}.new && mv {pid}.new {pid}\nexec sleep 60\n")
    slow.chmod(0o755)
    async with tuning(file, FILE + f'[log]\nfile = "{log.name}"\n') as desk:
        difference = await desk.review(queue__max_size="1")
        monkeypatch.setattr("llmlb.web.operator.settings_trial.sys.executable", str(slow))
        monkeypatch.setattr("llmlb.web.operator.settings_trial.LONGEST_SECS", 2.0)
        first = asyncio.create_task(desk.send(difference.fields(APPLY), f"{SETTINGS}/try"))
        await eventually(pid.exists, "it runs")
        second = await desk.send(difference.fields(APPLY), f"{SETTINGS}/try")
        assert "Something else is being tried." in second.text
        assert "It was not done in 30 s." in (await first).text
        assert not Path(f"/proc/{pid.read_text().strip()}").exists()
