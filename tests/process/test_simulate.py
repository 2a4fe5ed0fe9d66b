"""`llmlb simulate` as a user runs it: what it prints, its files, its exit codes, in both languages."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path

import pytest

from tests.process.program import ROOT, Program

JAPANESE = {"LANG": "ja_JP.UTF-8"}
MIX = ("--mix", "alice: rate=0.1, mean=3", "--mix", "batch: closed=3, mean=9", "--for", "300")
TRACE = "arrival_s,prompt_tokens,output_tokens,key\n0,100,50,alice\n1.5,2000,300,bob\n3,10,10,alice\n"

Ran = tuple[int, str, str]
Run = Callable[..., Awaitable[Ran]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command in a folder with these files: exit code, standard output, standard error."""
    number = count()

    async def to_its_end(
        *arguments: str, env: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
    ) -> Ran:
        folder = tmp_path / f"run-{next(number)}"
        folder.mkdir()
        for name, text in (files or {}).items():
            (folder / name).write_text(text, encoding="utf-8")
        program = Program(folder, "simulate", *arguments, env=env)
        try:
            return await program.exit_code(), program.out, program.err
        finally:
            program.kill()

    return to_its_end


async def test_a_mix_is_run_and_told_by_key_and_overall_without_a_progress_bar(run: Run) -> None:
    code, out, err = await run(*MIX)
    assert (code, err) == (0, "")
    first, nodes, _, header, *rows = out.splitlines()
    assert first.startswith("Workload: the given mix, 5 min. Requests at set times: ")
    assert first.endswith(". Clients that always want more: 1. Keys: 2. Seed: 1.")
    assert nodes == "Nodes: 1."
    assert header.split() == ["key", "asked", "served", "429", "504", "wait", "p50", "p90", "p99", "s", "share", "fair"]
    assert [row.split()[0] for row in rows[:3]] == ["batch", "alice", "all"]
    assert {"nodes in use", "largest gap, node-seconds", "Retry-After kept"} <= {row[:25].strip() for row in rows[4:]}


async def test_bad_rows_are_told_in_both_languages_and_nothing_is_run(run: Run) -> None:
    files = {"t.csv": "arrival_s,service_s\n0,1\nx,1\n1,-2\n"}
    english, japanese = await asyncio.gather(
        run("--trace", "t.csv", files=files), run("--trace", "t.csv", files=files, env=JAPANESE)
    )
    assert english == (
        2,
        "",
        "llmlb: The input has 2 problems.\n"
        '  t.csv:3: arrival_s = "x": must be a number from 0 to 10000000000.\n'
        '  t.csv:4: service_s = "-2": must be a number from 0 to 1000000.\n',
    )
    assert japanese[:2] == (2, "")
    assert japanese[2].startswith("llmlb: 入力に問題が2件あります。\n  t.csv:3: arrival_s = ")


async def test_it_explains_itself_in_both_languages(run: Run) -> None:
    english, japanese = await asyncio.gather(run("--help"), run("--help", env=JAPANESE))
    assert (english[0], japanese[0]) == (0, 0)
    for words in ("configurations to compare", "--mix SPEC", "examples:", "python -m llmlb simulate --mix"):
        assert words in english[1]
    for words in ("比べる設定", "--mix SPEC", "例:"):
        assert words in japanese[1]


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "llmlb", "simulate", *MIX, "--json", "all.json"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=environ, **pipe) as program:  # type: ignore[call-overload]
        program.stdout.close()
        assert program.wait(timeout=60) == 0
        assert program.stderr.read() == b""
    assert (tmp_path / "all.json").exists()


@pytest.mark.parametrize(("arguments", "code"), [(("--node", "n: models=x"), 0), (("--seed=1", "--load=2"), 2)])
def test_words_for_which_there_is_no_room_cost_no_numbers(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "llmlb", "simulate", "--mix", "a: rate=1, model=m", "--for=60", *arguments]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=full, check=False)
    assert (done.returncode, b"overall" in done.stdout) == (code, not code)


def test_on_a_terminal_progress_is_shown_on_standard_error(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "llmlb", "simulate", *MIX]
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=theirs) as program:
        os.close(theirs)
        shown = b"".join(iter(lambda: read_on(ours), b"")).decode()
        out, _ = program.communicate(timeout=60)
    os.close(ours)
    assert program.returncode == 0
    assert "running the defaults [" in shown
    assert "100%" in shown
    assert shown.endswith("\r"), "the bar is wiped"
    assert b"running" not in out


def read_on(terminal: int) -> bytes:
    """What comes next on a terminal; nothing once its other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


async def test_what_the_terminal_cannot_show_is_escaped(run: Run) -> None:
    mix = ("--mix", "h\u00e9l\u00e8ne \u65e5\u672c: rate=0.1", "--for", "60")
    code, out, err = await run(*mix, env={"PYTHONIOENCODING": "ascii"})
    assert (code, err) == (0, "")
    assert "h\\xe9l\\xe8ne \\u65e5\\u672c" in out
