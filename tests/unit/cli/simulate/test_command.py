"""`llmlb simulate` from its arguments to its output, in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import pytest

from llmlb.cli import main

MIX = ("--mix", "alice: rate=0.1, mean=3", "--mix", "batch: closed=3, mean=9", "--for", "300")
TRACE = "arrival_s,prompt_tokens,output_tokens,key\n0,100,50,alice\n1.5,2000,300,bob\n3,10,10,alice\n"

Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in a folder with these files: exit code, standard output, standard error."""
    number = count()
    for name in [name for name in os.environ if name.startswith(("LLMLB_", "LC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def to_its_end(
        *arguments: str, env: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
    ) -> Ran:
        folder = tmp_path / f"run-{next(number)}"
        folder.mkdir()
        for name, text in (files or {}).items():
            (folder / name).write_text(text, encoding="utf-8")
        with monkeypatch.context() as around:
            around.chdir(folder)
            for name, value in (env or {}).items():
                around.setenv(name, value)
            try:
                code = main(["simulate", *arguments])
            except SystemExit as ended:
                code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return to_its_end


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(run: Run) -> None:
    one, same, other = (run(*MIX), run(*MIX, "--seed", "1"), run(*MIX, "--seed", "2"))
    assert one == same
    assert one[1].splitlines()[5:] != other[1].splitlines()[5:]


def test_configurations_are_compared_side_by_side(run: Run) -> None:
    files = {"a.toml": "[queue]\nmax_size = 5\n", "b.toml": '[fairness]\ncost = "request"\n'}
    code, out, _ = run(*MIX, "--config", "a.toml", "--config", "b.toml", "--compare", "fifo", files=files)
    assert code == 0
    overall = next(line for line in out.splitlines() if line.startswith("overall"))
    for name in ("a.toml", "a.toml: fifo", "b.toml", "b.toml: fifo"):
        assert out.count(f"{name} ") >= 3
        assert name in overall


def test_the_configuration_here_is_used_with_the_environment_over_it(run: Run) -> None:
    files = {"config.toml": '[[nodes]]\nurl = "http://a:1"\n[[nodes]]\nurl = "http://b:1"\n'}
    plain, sized = (run(*MIX, files=files), run(*MIX, env={"LLMLB_QUEUE_MAX_SIZE": "1"}))
    assert "Nodes: 2.\n" in plain[1]
    assert "config.toml" in plain[1]
    assert next(line for line in sized[1].splitlines() if line.startswith("429 "))[:40].split()[-2] != "0"


def test_a_trace_is_run_and_everything_written_as_json_and_picture(run: Run, tmp_path: Path) -> None:
    code, out, err = run("--trace", "t.csv", "--json", "r.json", "--plot", "r.svg", files={"t.csv": TRACE})
    assert (code, err) == (0, "")
    assert out.startswith("Workload: t.csv, 3 s. Requests: 3. Keys: 2. Seed: 1.\nNodes: 1. Load: ")
    report = json.loads((tmp_path / "run-0" / "r.json").read_text(encoding="utf-8"))
    assert report["workload"] == "t.csv"
    assert report["configurations"][0]["keys"]["alice"]["asked"] == 2
    assert ElementTree.parse(tmp_path / "run-0" / "r.svg").getroot().tag.endswith("svg")


def test_a_history_is_replayed_and_other_lines_are_counted(run: Run) -> None:
    line = {"time": "2026-03-01T12:00:30Z", "event": "request", "key": "alice", "model": "m", "wait": 1, "service": 2}
    log = "hello\n" + "".join(json.dumps(line | {"outcome": "served"}) + "\n" for _ in range(3))
    code, out, err = run("--history", "h.log", files={"h.log": log})
    assert code == 0
    assert err == "llmlb: Lines skipped because they hold no request: 1.\n"
    assert "alice" in out


def test_a_trace_without_keys_is_divided_thinned_and_put_in_order(run: Run) -> None:
    rows = "arrival_s,service_s\n" + "".join(f"{at},4\n" for at in (*range(1, 200), 0))
    options = ("--nodes", "2", "--keys", "3", "--zipf", "0", "--load", "0.9")
    code, out, err = run("--trace", "t.csv", *options, files={"t.csv": rows})
    assert (code, err) == (0, "llmlb: Rows out of the order of arrival, now sorted: 1.\n")
    workload, nodes, *_ = out.splitlines()
    assert workload.startswith("Workload: t.csv, 3 min. Requests: ")
    assert workload.endswith(". Keys: 3. Seed: 1.")
    assert 0.75 < float(nodes.removeprefix("Nodes: 2. Load: ").rstrip(".")) < 1.05


def test_a_history_may_be_put_to_other_nodes_in_japanese(run: Run) -> None:
    line = {"time": "2026-03-01T12:00:30Z", "event": "request", "key": "-", "model": "m", "wait": 0, "service": 2}
    files = {"h.log": json.dumps(line | {"outcome": "served"}) + "\n"}
    code, out, err = run("--history", "h.log", "--nodes", "3", files=files, env={"LANG": "ja_JP.UTF-8"})
    assert (code, err) == (0, "")
    assert out.startswith("負荷: h.log、1秒、リクエスト 1件、キー 1個。シード 1。\nノード: 3。負荷率 0.67。\n")
    assert "（キーなし）" in out


def test_the_nodes_of_each_configuration_are_its_own(run: Run) -> None:
    one = '[[nodes]]\nurl = "http://a:1"\n'
    files = {"a.toml": one, "b.toml": one + '[[nodes]]\nurl = "http://b:1"\n'}
    _, out, _ = run(*MIX, "--config", "a.toml", "--config", "b.toml", files=files)
    assert out.splitlines()[1:3] == ["Nodes of a.toml: 1.", "Nodes of b.toml: 2."]


def test_a_path_with_no_place_in_a_file_system_is_refused(run: Run) -> None:
    code, _, err = run(*MIX, "--plot", "x" * 5000 + "/y.svg")
    assert (code, err.endswith("must be the path of a file in a directory that exists.\n")) == (2, True)


def test_a_model_that_no_node_serves_is_told(run: Run) -> None:
    code, out, err = run("--mix", "a: rate=0.1, model=x", "--node", "n: models=y", "--for", "60")
    assert code == 0
    assert err == "llmlb: the defaults: no node serves x (answered with 404).\n"
    assert "failed" in out


@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        (("--json", "./config.toml"), "--json"),
        (("--config", "b.toml", "--plot", "b.toml"), "--plot"),
        (("--plot", "out", "--json", "../run-0/out"), "--json"),
    ],
)
def test_no_file_that_is_read_or_written_is_written_over(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], at: str
) -> None:
    files = {"config.toml": "", "b.toml": ""}
    code, out, err = run(*MIX, *arguments, files=files)
    assert (code, out) == (2, "")
    assert err.startswith(f"llmlb: {at}: ")
    assert err.endswith(": must be another file than those that are read, and than the other that is written.\n")
    assert [(tmp_path / "run-0" / name).read_text(encoding="utf-8") for name in files] == ["", ""]


def test_a_recording_is_not_written_over(run: Run, tmp_path: Path) -> None:
    code, _, _ = run("--trace", "t.csv", "--json", "t.csv", files={"t.csv": TRACE})
    assert (code, (tmp_path / "run-0" / "t.csv").read_text(encoding="utf-8")) == (2, TRACE)


def test_names_from_a_log_and_paths_cannot_move_the_cursor_or_spoil_a_file(run: Run, tmp_path: Path) -> None:
    line = {"time": "2026-03-01T12:00:30Z", "event": "request", "key": "a\x1b[2J", "model": "m\x1b[2J\n" + "m" * 99}
    log = json.dumps(line | {"wait": 0, "service": 2, "outcome": "served"}) + "\n"
    path = os.fsdecode(b"a\x1b\xff.log")
    written = ("--json", "all.json", "--plot", "p.svg")
    code, out, err = run("--history", path, "--node", "n: models=x", *written, files={path: log})
    assert (code, err.count("\n")) == (0, 1)
    assert "\x1b" not in out + err
    assert len(err) < 150
    folder = tmp_path / "run-0"
    assert json.loads((folder / "all.json").read_text(encoding="utf-8"))["workload"] == path
    ElementTree.parse(folder / "p.svg")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "simulate: give exactly one of --trace, --history, --mix."),
        (("--trace", "t.csv", "--mix", "a: rate=1"), "simulate: give exactly one of --trace, --history, --mix."),
        (("--trace", "none.csv"), "none.csv: there is no such file."),
        ((*MIX, "--load", "0.5"), "--load: not for a --mix; its rates make its load."),
        ((*MIX, "--keys", "20"), "--keys: only for a --trace."),
        (("--trace", "t.csv", "--for", "3600"), "--for: only for a --mix."),
        (("--history", "h.log", "--output-rate", "40"), "--output-rate: only for a --trace."),
        ((*MIX, "--nodes", "2", "--node", "a"), "--nodes: give --nodes or --node, not both."),
        ((*MIX, "--plot", "no/p.svg"), '--plot: "no/p.svg": must be the path of a file in a directory that exists.'),
        ((*MIX, "--set", "queue.max_size=0"), '--set: queue.max_size = "0": must be a whole number from 1 to 10000.'),
        ((*MIX, "--config", "none.toml"), "none.toml: there is no such file."),
    ],
)
def test_wrong_usage_is_one_plain_line_and_exit_2(run: Run, arguments: tuple[str, ...], said: str) -> None:
    assert run(*arguments) == (2, "", f"llmlb: {said}\n")


def test_wrong_numbers_are_told_by_option(run: Run) -> None:
    code, out, err = run(*MIX, "--seed", "-1")
    assert (code, out) == (2, "")
    assert err.rstrip().endswith("argument --seed: '-1': a whole number from 0 to 9223372036854775808")


def test_a_file_that_cannot_be_written_is_told_after_the_numbers(run: Run) -> None:
    code, out, err = run(*MIX, "--json", "/proc/llmlb.json")
    assert code == 1
    assert "overall" in out
    assert err.startswith("llmlb: /proc/llmlb.json cannot be written (")
