"""What is written down: everything as JSON, from which tables and pictures can be made again, and a document."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import attrs

from benchmarks import results
from benchmarks.rows import Line
from benchmarks.speed import report
from benchmarks.speed.campaign import Campaign, Problem
from benchmarks.speed.measures.measure import Measure
from benchmarks.speed.peers.peer import Missing, Peer
from benchmarks.speed.samples import Found, Sample, Samples

ABSENT = "not measured"
PACKAGES = ("aiohttp", "httptools", "uvloop", "msgspec", "rich")
"""What is measured depends on them. structlog loads rich where it is installed, as the tools for tests have it."""


def about(peers: Sequence[Peer], rounds: int) -> dict[str, str]:
    """When, what, where; to be asked before the measuring, for the sake of the load."""
    where = results.about()
    where["load"] = f"{os.getloadavg()[0]:.1f} processes on average before the first round"
    where["packages"] = ", ".join(f"{name} {_installed(name)}" for name in PACKAGES)
    where["system"] = f"{platform.system()} {platform.release()}"
    where["rounds"] = str(rounds)
    for peer in peers:
        try:
            where[about_peer(peer)] = peer.version()
        except Missing as error:
            where[about_peer(peer)] = f"{ABSENT}: {error}"
    return where


def about_peer(peer: Peer) -> str:
    """Under which name its version is, or why it is `ABSENT`."""
    return f"peer {peer.name}"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def as_json(made: Campaign, where: Mapping[str, str], goals: Sequence[Line]) -> str:
    """All of it."""
    samples = [
        {"measure": one.measure, "peer": one.peer, "round": one.round}
        | {"case": one.found.case, "values": _rounded(one.found.values)}
        | ({"errors": dict(one.found.errors)} if one.found.errors else {})
        for one in made.samples.all
    ]
    parts = {
        "about": dict(where),
        "goals": [attrs.asdict(line) for line in goals],
        "problems": [attrs.asdict(one) for one in made.problems],
    }
    head = json.dumps(parts, indent=1, ensure_ascii=False)
    rows = ",\n".join(f"  {json.dumps(sample)}" for sample in samples)
    return f'{head[:-2]},\n "samples": [\n{rows}\n ]\n}}\n'


def from_json(text: str) -> tuple[Campaign, dict[str, str]]:
    """What was measured, and about it."""
    read: dict[str, Any] = json.loads(text)
    samples = [
        Sample(one["measure"], one["peer"], one["round"], Found(one["case"], one["values"], one.get("errors", {})))
        for one in read["samples"]
    ]
    return Campaign(Samples(samples), [Problem(**one) for one in read["problems"]]), read["about"]


def as_markdown(made: Campaign, where: Mapping[str, str], goals: Sequence[Line], measures: Sequence[Measure]) -> str:
    """Tables as a document."""
    parts = [
        "# Speed, measured",
        "",
        "Written by `make bench ARGS=--write`: medians of the rounds, spread in brackets.",
        "",
    ]
    parts += [f"- {name}: {value}" for name, value in where.items()]
    parts += ["", "## Goals", "", *report.goals(goals).markdown().split("\n")[2:]]
    for measure in measures:
        found = report.tables(measure, made.samples)
        if found:
            parts += [f"## {measure.title}", "", measure.explains, ""]
            parts += [table.markdown() for table in found]
    if said := report.problems(made):
        parts += ["## What went wrong", "", *(f"- {one}" for one in said), ""]
    return "\n".join(parts)


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in values.items()}
