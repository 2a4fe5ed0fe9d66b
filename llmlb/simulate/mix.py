"""A workload made up from options: so many keys, each with its rate, bursts or standing demand."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from llmlb.config.rules import Number, Rule, Whole
from llmlb.config.words import MODEL_NAME
from llmlb.simulate.flaws import Flaw, InputError
from llmlb.simulate.job import Job
from llmlb.simulate.specs import read_spec
from llmlb.simulate.workload import Arrival, Closed, Lengths, Workload

MOST_REQUESTS = 2_000_000
_SECS = Number(0, 1e7)
FIELDS: dict[str, Rule] = {
    "rate": Number(0.0001, 1e5),
    "closed": Whole(1, 10_000),
    "burst": Whole(1, 10_000),
    "every": Number(0.1, 1e6),
    "mean": Number(0.001, 1e5),
    "cv": Number(0, 10),
    "cap": Number(0.001, 1e6),
    "model": MODEL_NAME,
    "keys": Whole(1, 10_000),
    "tokens_per_sec": Number(0, 1e6),
    "patience": Number(0.001, 1e6),
    "start": _SECS,
    "stop": _SECS,
}
MEAN_SECS, CV, CAP_MEANS, TOKENS_PER_SEC = 5.0, 0.8, 20.0, 40.0


def make_mix(specs: Sequence[str], length: float, seed: int) -> Workload:
    """The workload of the `--mix` options, `length` seconds long. Raises InputError with everything that is wrong."""
    flaws: list[Flaw] = []
    arrivals: list[Arrival] = []
    closed: list[Closed] = []
    for number, spec in enumerate(specs):
        before = len(flaws)
        name, fields = read_spec("--mix", spec, FIELDS, flaws)
        way = [kind for kind in ("rate", "closed", "burst") if kind in fields]
        wrong = len(way) != 1 or ("every" in fields) != ("burst" in fields)
        if wrong and len(flaws) == before:  # else one of them may be there, with a wrong value
            flaws.append(Flaw(reason="mix_kind", where=f"--mix {name}"))
        if flaws:
            continue
        fields.setdefault("start", 0.0)
        fields["stop"] = min(length, fields.get("stop", length))
        if _expected(fields) + len(arrivals) > MOST_REQUESTS:
            flaws.append(Flaw(reason="too_many", where=f"--mix {name}", values={"most": MOST_REQUESTS}))
            continue
        names = [name] if "keys" not in fields else [f"{name}-{n}" for n in range(1, fields["keys"] + 1)]
        for key in names:
            own = f"{seed}/{number}/{key}"
            if "closed" in fields:
                closed.append(_closed(key, fields, own))
            else:
                arrivals += _open(key, fields, Random(own))
    if flaws:
        raise InputError(flaws)
    arrivals.sort(key=lambda arrival: arrival.at)
    if not arrivals and not any(client.start < client.stop for client in closed):
        raise InputError([Flaw(reason="nothing_asked", where="--mix")])
    return Workload(tuple(arrivals), length, tuple(closed))


def _lengths(fields: dict[str, Any]) -> Lengths:
    mean = fields.get("mean", MEAN_SECS)
    return Lengths(mean, fields.get("cv", CV), fields.get("cap", CAP_MEANS * mean))


def _expected(fields: dict[str, Any]) -> float:
    secs = max(0.0, fields["stop"] - fields["start"])
    rate = fields["burst"] / fields["every"] if "burst" in fields else fields.get("rate", 0.0)
    return float(rate * secs * fields.get("keys", 1))


def _closed(key: str, fields: dict[str, Any], seed: str) -> Closed:
    return Closed(
        key,
        fields.get("model", ""),
        fields["closed"],
        _lengths(fields),
        fields.get("tokens_per_sec", TOKENS_PER_SEC),
        fields["start"],
        fields["stop"],
        seed,
        fields.get("patience"),
    )


def _open(key: str, fields: dict[str, Any], random: Random) -> list[Arrival]:
    """Poisson arrivals, or a burst every so often, the first one interval after the start."""
    lengths = _lengths(fields)
    tokens_per_sec = fields.get("tokens_per_sec", TOKENS_PER_SEC)
    arrivals: list[Arrival] = []
    at, stop = fields["start"], fields["stop"]
    while True:
        at += fields["every"] if "burst" in fields else random.expovariate(fields["rate"])
        if at > stop:
            return arrivals
        for _ in range(fields.get("burst", 1)):
            secs = lengths.draw(random)
            tokens = round(secs * tokens_per_sec)
            job = Job(key, fields.get("model", ""), secs, tokens=tokens, patience=fields.get("patience"))
            arrivals.append(Arrival(at, job))
