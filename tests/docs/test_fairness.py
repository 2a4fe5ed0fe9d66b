"""docs/fairness.md: its examples come out as told, its commands run, its figures are those of the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmarks.pictures import LENGTH_SECS, WEIGHTS, flood, weights
from llmlb.config.load import load
from llmlb.config.model import Config, Fairness, Queue
from llmlb.config.settings import settings_of
from llmlb.scheduler import charges, contest, debts, forecasts, order, plan, prices, promises
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Fate, Job, NodeSpec
from llmlb.simulate.measure import quantile, waited
from llmlb.simulate.observer import Observer
from llmlb.simulate.report import Tried
from llmlb.simulate.texts import TEXTS as SIMULATE_TEXTS
from tests.docs.blocks import Block, blocks_of

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "fairness.md"
TEXT = FILE.read_text(encoding="utf-8")
BLOCKS = blocks_of(FILE)
LONG, SHORT = 12.0, 3.0
NEVER_SECS = 1_000_000
ONE_NODE = (NodeSpec("node", ()),)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose first column has this heading."""
    lines = TEXT[TEXT.index(f"\n| {heading} |") + 1 :].splitlines()
    table = lines[2 : next(at for at, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table]


class Starts(Observer):
    """The keys in the order of service, and how long each has had the node."""

    def __init__(self) -> None:
        self.keys = ""
        self.had = {"A": 0.0, "B": 0.0}

    def started(self, job: Job, node: str, now: float) -> None:
        self.keys += job.key
        self.had[job.key] += job.secs


def simulation(cost: str = "seconds") -> tuple[Simulation, Starts]:
    """One node, and a queue in which nobody times out."""
    config = Config(
        queue=Queue(timeout_secs=NEVER_SECS),
        fairness=Fairness(cost=cost),  # type: ignore[arg-type]
    )
    one, starts = Simulation(config, ONE_NODE), Starts()
    one.observers.append(starts)
    return one, starts


def test_the_seven_requests_are_placed_and_served_as_the_table_says() -> None:
    one, starts = simulation()
    fates: dict[str, Fate] = {}
    for name, *_ in rows("request"):
        one.submit(Job(name[0], "", 5.0), partial(fates.__setitem__, name))
    one.run()
    ranks = {name: rank for rank, name in enumerate(sorted(fates, key=lambda name: fates[name].ended), 1)}
    for name, told, served in rows("request"):
        position = fates[name].position
        assert told == ("the node is free" if position is None else f"place {position}"), name
        assert int(served[0]) == ranks[name]
    assert " ".join(starts.keys) + "," in TEXT


@pytest.mark.parametrize("cost", ["seconds", "request"])
def test_long_and_short_requests_take_turns_as_the_lines_say(cost: str) -> None:
    line = next(line for block in BLOCKS for line in block.text.splitlines() if line.startswith(f'cost = "{cost}"'))
    shown = re.search(r"(?<=\s)([AB]( [AB])+)(?=\s)", line)
    assert shown is not None
    one, starts = simulation(cost)

    def again(job: Job, _: Fate | None = None) -> None:
        if one.clock.now() < 3600:
            one.submit(job, partial(again, job))

    for _ in range(3):
        again(Job("A", "", LONG))
        again(Job("B", "", SHORT))
    one.run()
    turns = shown[1].replace(" ", "")
    assert turns in starts.keys[100:200]
    whole = sum(starts.had.values())
    parts = [int(part) for part in re.findall(r"(\d+) %", line)]
    assert parts == [round(100 * starts.had[key] / whole) for key in "AB"]


def run(block: Block, folder: Path) -> str:
    """What the commands of a block print."""
    (folder / "config.toml").write_text("", encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text.replace(".venv/bin/python", sys.executable)],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("block", [pytest.param(b, id=b.name) for b in BLOCKS if b.language == "bash"])
def test_commands_work(block: Block, tmp_path: Path) -> None:
    printed = run(block, tmp_path)
    if "simulate" in block.text:
        assert SIMULATE_TEXTS["overall"]["en"] in printed
    else:
        assert "A B A B A A A" in printed
        assert "NOT MET" not in printed


@pytest.mark.parametrize("block", [pytest.param(b, id=b.name) for b in BLOCKS if b.language == "toml"])
def test_configurations_are_right(block: Block, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(block.text, encoding="utf-8")
    config = load(tmp_path / "config.toml", {}).config
    assert config.queue.when_full == "push_out"


def test_no_block_is_of_a_kind_that_nobody_tries() -> None:
    assert {block.language for block in BLOCKS} == {"bash", "toml", "text"}


def test_every_setting_that_matters_is_told_of() -> None:
    named = re.findall(r"`\[\[?(\w+)\]\]? (\w+)`", TEXT.partition("## The settings")[2].partition("\n## ")[0])
    fairness = {("fairness", key) for key in settings_of(Fairness)}
    queue = {("queue", key) for key in settings_of(Queue)}
    assert set(named) == fairness | queue | {("api_keys", "weight")}


FIGURES: list[tuple[str, float]] = [
    ("mean of the last {:g} requests", prices.RECENT),
    ("mean true cost of the last {:g} requests", prices.RECENT),
    ("at least {:g}; or its tokens", prices.FLOORS["seconds"]),
    ("or its tokens, at least {:g};", prices.FLOORS["tokens"]),
    ("a second, or {:g} tokens", prices.FLOORS["tokens"]),
    ("the level less {:g} Q/w", order.WELCOME),
    ("({:g} Q + C) max", order.WELCOME),
    ("waited for more than {:g} turns", order.MEMORY),
    ("it counts as {:g} turns ago", order.MEMORY),
    ("never owes more than {:g} seconds of node time", debts.HORIZON_SECS),
    ("more than {:g} seconds' worth", debts.HORIZON_SECS),
    ("by at most {:g} Q/w between", charges.ELSEWHERE),
    ("charged what is missing, and Q/{:g} ahead", 1 / charges.AHEAD),
    ("There no more than {:g} requests", plan.MOST_STEPS),
    ("rises by {:g} % with", round(100 * forecasts.STEP - 100, 6)),
    ("used after {:g} waits", forecasts.ENOUGH),
    ("between {:g} and", forecasts.LEAST),
    ("0.3 and {:g}. The header", forecasts.MOST),
    ("It is 1 to {:g} seconds; 5 until", promises.CAP_SECS),
    ("60 seconds; {:g} until", promises.UNKNOWN_SECS),
]


@pytest.mark.parametrize(("said", "value"), FIGURES)
def test_figures_are_those_of_the_code(said: str, value: float) -> None:
    assert said.format(value) in " ".join(TEXT.split())


MEASURED: list[tuple[str, str, float]] = [
    (r"({}) on one node, {} on four", "gap, 1 node", 1),
    (r"{} on one node, ({}) on four", "gap, 4 nodes", 1),
    (r"allows \| ({}) %", "gap / bound, random cases", 100),
    (r"points on average, ({}) at worst", "shares of 300 s, weights 1:2:4, off by", 100),
    (r"of weight 1: {} and ({})\)", "shares of 300 s, weights 1:2:4:1, off by", 100),
    (r"and on four \| ({}) s and {} s", "light key beside a flood, 1 node: p50", 1),
    (r"and on four \| {} s and ({}) s", "light key beside a flood, 4 nodes: p50", 1),
    (r"for less than \| ({}) s and {} s", "light key beside a flood, 1 node: p99", 1),
    (r"for less than \| {} s and ({}) s", "light key beside a flood, 4 nodes: p99", 1),
    (r"504 \| ({}) %", "light keys on the trace, load 1.3: 504", 100),
    (r"failing nodes \| ({}) \|", "idle node time while a request waits for the node", 1),
    (r"\(mean ({}) %\)", "wait: median error, mean of all", 100),
    (r"\(mean ({}) s\)", "wait: mean error, mean of all", 1),
    (r"long overload \| ({}) %", "Retry-After comes true, waves", 100),
    (r"long overload \| {} % and ({}) %", "Retry-After comes true, long overload", 100),
    (r"10,000 waiting \| ({}) ms", "admission that waits, 100 waiting", 1),
    (r"10,000 waiting \| {} ms and ({}) ms", "admission that waits, 10,000 waiting", 1),
    (r"light keys so lose ({}) %", "light keys in bursts of the trace, push_out: 429", 100),
    (r"({}) % of places were exact", "place exact, by seconds, load 1.0, 1 node", 100),
    (r"({}) % within one on one node", "place within 1, by seconds, load 1.0, 1 node", 100),
    (r"on one node, ({}) % and {} % on four", "place exact, by seconds, load 1.0, 4 nodes", 100),
    (r"on one node, {} % and ({}) % on four", "place within 1, by seconds, load 1.0, 4 nodes", 100),
]
AGAIN = 0.25
"""By how much of it a figure may differ when it is measured anew: machines and seeds do, promises do not."""


@pytest.mark.parametrize(("said", "what", "scale"), MEASURED, ids=[what for _, what, _ in MEASURED])
def test_figures_that_were_measured_are_those_of_the_results(said: str, what: str, scale: float) -> None:
    found = re.search(said.replace("{}", r"[\d.]+"), " ".join(TEXT.split()))
    assert found is not None
    results = json.loads((ROOT / "benchmarks" / "results" / "fairness.json").read_text(encoding="utf-8"))
    (value,) = (line["values"]["value"] for row in results["rows"] for line in row["lines"] if line["what"] == what)
    assert float(found[1]) == pytest.approx(scale * value, rel=AGAIN, abs=0.05)


def number(said: str) -> float:
    """The number that stands in the document in place of {}."""
    found = re.search(said.replace("{}", r"([\d.]*\d)"), " ".join(TEXT.split()))
    assert found is not None, said
    return float(found[1])


def test_the_picture_of_the_flood_shows_what_is_said_of_it() -> None:
    fair, fifo = flood(LENGTH_SECS)
    start, stop = LENGTH_SECS / 4, 3 * LENGTH_SECS / 4

    def light(tried: Tried) -> list[Fate]:
        return [fate for fate in tried.run.fates if fate.job.key.startswith("light") and start <= fate.arrived < stop]

    waits = waited(light(fair))
    assert quantile(waits, 0.5) == pytest.approx(
        number("requests of that quarter of an hour wait for less than {} sec"), AGAIN
    )
    assert quantile(waits, 0.9) == pytest.approx(number("nine of ten for less than {}, and"), AGAIN)
    assert {fate.status for fate in light(fair)} == {200}
    assert quantile(waited(light(fifo)), 0.5) == pytest.approx(60.0, abs=1.0)
    assert sum(fate.status == 504 for fate in light(fifo)) == number(r"and {} of \d+ time out")
    assert len(light(fifo)) == number(r"and \d+ of {} time out")


def test_the_picture_of_the_shares_shows_what_is_said_of_it() -> None:
    (one,) = weights(LENGTH_SECS)
    third = LENGTH_SECS / 3

    def shares(start: float, end: float) -> list[int]:
        had = dict.fromkeys(WEIGHTS, 0.0)
        for service in one.run.watch.services:
            had[service.key] += max(0.0, min(service.end, end) - max(service.start, start))
        return [round(100 * secs / sum(had.values())) for secs in had.values() if secs]

    assert shares(0.0, third) == [
        number(r"they have {}, \d+ and"),
        number(r"they have \d+, {} and"),
        number(r", \d+ and {} %"),
    ]
    assert shares(third + 60, 2 * third) == [number(r"the others have {} and"), number(r"the others have \d+ and {} %")]


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/\S+)`", TEXT)
    assert len(named) >= 10
    assert [name for name in named if not (ROOT / name).is_file()] == []
    unnamed = {f"tests/property/{path.name}" for path in (ROOT / "tests/property").glob("test_scheduler_*.py")}
    assert unnamed - set(named) == set()


def test_the_contest_names_the_source_that_the_document_names() -> None:
    for text in (TEXT, contest.__doc__ or ""):
        assert "Shreedhar" in text
        assert "Varghese" in text
