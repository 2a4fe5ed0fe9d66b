"""`llmlb simulate`: configurations tried on a workload in virtual time."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from llmlb.cli.complaint import complain
from llmlb.cli.output import told
from llmlb.cli.simulate.options import OF_ONE_WORKLOAD
from llmlb.cli.simulate.progress import Progress
from llmlb.cli.simulate.texts import TEXTS
from llmlb.config.problems import ConfigError
from llmlb.config.report import describe_problems
from llmlb.messages import Locale
from llmlb.simulate.candidates import Candidate, candidates, read_changes
from llmlb.simulate.drive import drive
from llmlb.simulate.flaws import Flaw, InputError, describe_flaws
from llmlb.simulate.history import read_history
from llmlb.simulate.job import NodeSpec
from llmlb.simulate.measure import measure
from llmlb.simulate.mix import make_mix
from llmlb.simulate.nodes import configured_nodes, read_nodes, with_models
from llmlb.simulate.plot import plot
from llmlb.simulate.report import LONGEST_NAME, Tried, describe_nodes, json_report, key_table, overall_table
from llmlb.simulate.sampling import load_of, thinned, with_keys
from llmlb.simulate.table import cut
from llmlb.simulate.texts import say
from llmlb.simulate.trace import Pace, read_trace
from llmlb.simulate.workload import Workload

SHORTEST_SECS = 1.0
"""A recording of one moment is taken to last so long."""
LONGEST_PATH = 1000


@attrs.frozen
class Plan:
    """What is to be run, all of it checked."""

    candidates: Sequence[Candidate]
    nodes: Sequence[tuple[NodeSpec, ...]]
    """Of each candidate."""
    workload: Workload
    source: str
    notices: Sequence[str]


def simulate(options: argparse.Namespace, default: Path | None, environ: Mapping[str, str], locale: Locale) -> int:
    """Run the command and return its exit code. `default`: the configuration file where none is named."""
    try:
        plan = _plan(options, options.config or [default], environ, locale)
    except ConfigError as error:
        return complain(describe_problems(error.problems, locale), 2)
    except InputError as error:
        return complain(describe_flaws(error.flaws, locale), 2)
    for notice in plan.notices:
        complain(notice)
    tried = [_run(candidate, nodes, plan.workload, options.retries, locale)
             for candidate, nodes in zip(plan.candidates, plan.nodes, strict=True)]  # fmt: skip
    code = told(lambda: _print(plan, tried, options.seed, locale), locale)
    return _write(options, plan, tried, locale) or code  # also if whoever read has seen enough (`| head`)


def _plan(
    options: argparse.Namespace, files: Sequence[Path | None], environ: Mapping[str, str], locale: Locale
) -> Plan:
    taken = {os.path.realpath(path) for path in (options.trace, options.history, *files) if path}
    flaws = []
    for name in ("plot", "json"):
        if (path := getattr(options, name)) is None:
            continue
        if not _writable(path):
            flaws.append(Flaw(reason="no_folder", where=f"--{name}", given=str(path)))
        elif os.path.realpath(path) in taken:
            flaws.append(Flaw(reason="taken", where=f"--{name}", given=str(path)))
        else:
            taken.add(os.path.realpath(path))
    if sum(map(bool, (options.trace, options.history, options.mix))) != 1:
        flaws.append(Flaw(reason="one_workload", where="simulate"))
    flaws += _complete(options)
    if options.nodes and options.node:
        flaws.append(Flaw(reason="nodes_twice", where="--nodes"))
    if options.mix and options.load:
        flaws.append(Flaw(reason="load_of_a_mix", where="--load"))
    if flaws:
        raise InputError(flaws)
    changes = read_changes(options.changes)
    given = [NodeSpec(f"node-{n}") for n in range(1, options.nodes + 1)] if options.nodes else read_nodes(options.node)
    name = TEXTS["defaults"][locale]
    chosen, ignored = candidates(files, changes, environ, fifo=bool(options.compare), default_name=name)
    notices = [notice.text(locale) for notice in ignored]
    workload, source = _workload(options, locale, notices)
    nodes = [with_models(given or configured_nodes(one.config.nodes), workload.models) for one in chosen]
    if options.load:
        workload = thinned(workload, nodes[0], options.load, options.seed)
    for one, its in zip(chosen, nodes, strict=True):
        unserved = [model for model in workload.models if not any(model in node.models for node in its)]
        if unserved:
            names = ", ".join(cut(model, LONGEST_NAME) for model in unserved[:10])
            notices.append(say(locale, "unserved", name=cut(one.name, LONGEST_NAME), models=names))
    return Plan(chosen, nodes, workload, source, notices)


def _complete(options: argparse.Namespace) -> list[Flaw]:
    """Give each option that was left out its default. What was given for another kind of workload is refused."""
    flaws = []
    for name, (kind, usual) in OF_ONE_WORKLOAD.items():
        if getattr(options, name) is None:
            setattr(options, name, usual)
        elif not getattr(options, kind):
            values = {"what": f"--{kind}"}
            flaws.append(Flaw(reason="only_for", where=f"--{name.replace('_', '-')}", values=values))
    return flaws


def _workload(options: argparse.Namespace, locale: Locale, notices: list[str]) -> tuple[Workload, str]:
    if options.mix:
        return make_mix(options.mix, getattr(options, "for"), options.seed), say(locale, "a_mix")
    if options.trace:
        recorded = read_trace(options.trace, Pace(options.overhead, options.prompt_rate, options.output_rate))
    else:
        recorded = read_history(options.history, options.seed)
    if recorded.late:
        notices.append(say(locale, "sorted", count=recorded.late))
    if recorded.skipped:
        notices.append(say(locale, "skipped", count=recorded.skipped))
    arrivals = recorded.arrivals
    if not recorded.keyed:
        arrivals = with_keys(arrivals, options.keys, options.zipf, options.seed)
    return Workload(arrivals, max(SHORTEST_SECS, arrivals[-1].at)), str(options.trace or options.history)


def _run(candidate: Candidate, nodes: Sequence[NodeSpec], workload: Workload, retries: int, locale: Locale) -> Tried:
    progress = Progress(sys.stderr, TEXTS["running"][locale].format(name=candidate.name))
    try:
        run = drive(candidate.config, nodes, workload, retries=retries, progress=progress)
    finally:
        progress.clear()
    return Tried(candidate.name, run, measure(run))


def _print(plan: Plan, tried: Sequence[Tried], seed: int, locale: Locale) -> None:
    workload = plan.workload
    long = workload.length >= 120
    length = (
        say(locale, "minutes", minutes=f"{workload.length / 60:.0f}")
        if long
        else say(locale, "seconds", seconds=f"{workload.length:g}")
    )
    source = cut(plan.source, LONGEST_PATH)
    about = {"source": source, "length": length, "requests": len(workload.arrivals), "keys": len(workload.keys)}
    closed = len(workload.closed)
    print(say(locale, "workload_closed" if closed else "workload", closed=closed, seed=seed, **about))
    told: dict[str, None] = {}
    for one in tried:
        alike = all(other.run.nodes == one.run.nodes for other in tried)
        nodes = describe_nodes(one.run.nodes, locale)
        line = say(locale, "nodes" if alike else "nodes_of", name=cut(one.name, LONGEST_NAME), nodes=nodes)
        if not closed:  # else as much as there is
            space = "" if locale == "ja" else " "
            line += space + say(locale, "load", load=f"{load_of(workload, one.run.nodes):.2f}")
        told[line] = None
    print("\n".join(told))
    print()
    print(key_table(tried, locale))
    print()
    print(overall_table(tried, locale))


def _write(options: argparse.Namespace, plan: Plan, tried: Sequence[Tried], locale: Locale) -> int:
    outputs: list[tuple[Path, str]] = []
    if options.plot:
        outputs.append((options.plot, plot(tried, locale)))
    if options.json:
        about = {"workload": plan.source, "seconds": plan.workload.length, "seed": options.seed}
        outputs.append((options.json, json.dumps(json_report(tried, about), ensure_ascii=False, indent=1) + "\n"))
    for file, text in outputs:
        try:
            # What a path has that is no character is written as JSON has it; the picture shows none of it.
            file.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            problem = error.strerror or type(error).__name__
            return complain(TEXTS["cannot_write"][locale].format(file=file, problem=problem))
    return 0


def _writable(file: Path) -> bool:
    try:
        return file.parent.is_dir() and not file.is_dir()
    except (OSError, ValueError):  # a name that is too long, or with a null character
        return False
