"""Who gets what in the cases in which other schedulers give too little or too much."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import attrs

from benchmarks.clients import keep, share, watched
from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.worlds import SFQ_QUANTUM, alike, nodes, settings
from llmlb.config.model import Config
from llmlb.simulate.drive import drive
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Job
from llmlb.simulate.mix import make_mix
from llmlb.simulate.observer import Observer
from llmlb.telemetry.record import Outcome

SEEDS = 5


def one_long(config: Config) -> float:
    """A sends requests of 30 s, B and C backlogs of 3 s: A's share."""
    simulation = Simulation(config, alike(1))
    watch = watched(simulation)
    specs = ["A: closed=2, mean=30, cv=0", "B: closed=4, mean=3, cv=0", "C: closed=4, mean=3, cv=0"]
    keep(simulation, specs, 3000, 1)
    simulation.run()
    return share(watch, "A", 300, 3000)


def back_from_idle(config: Config) -> float:
    """R is away for twenty minutes: its share of the two minutes after."""
    simulation = Simulation(config, alike(2))
    watch = watched(simulation)
    specs = ["A: closed=4, mean=4, cv=0", "B: closed=4, mean=4, cv=0", "R: closed=4, mean=4, cv=0, stop=60"]
    keep(simulation, specs, 1400, 1)
    simulation.call_at(1260, lambda: keep(simulation, ["R: closed=4, mean=4, cv=0, start=1260"], 1400, 2))
    simulation.run()
    return share(watch, "R", 1260, 1380)


def loaded_everywhere(config: Config) -> float:
    """Y had two nodes of three to itself, then all nodes get all models: Y's share of the two minutes after."""
    simulation = Simulation(config, nodes("a", "b", "b"))
    watch = watched(simulation)
    poor = [f"{key}: closed=4, mean=4, cv=0, model=a" for key in "XWV"]
    keep(simulation, [*poor, "Y: closed=6, mean=4, cv=0, model=b"], 1400, 1)
    for number in (1, 2, 3):
        simulation.call_at(1260, lambda number=number: simulation.serves(f"node-{number}", "ab"))  # type: ignore[misc]
    simulation.run()
    return share(watch, "Y", 1260, 1380)


class _Served(Observer):
    """How often each key was served which model after a time."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end
        self.counts: dict[tuple[str, str], int] = {}

    def started(self, job: Job, node: str, now: float) -> None:
        if self.start <= now < self.end:
            self.counts[job.key, job.model] = self.counts.get((job.key, job.model), 0) + 1


def own_and_shared(config: Config) -> float:
    """Z has a pool to itself and comes to one that three others share: what it is served there, against one of them."""
    simulation = Simulation(config, nodes("ac", "bc"))
    served = _Served(1000, 4000)
    simulation.observers.append(served)
    others = [f"{key}: closed=3, mean=4, cv=0, model=a" for key in "PQR"]
    keep(simulation, [*others, "Z: closed=2, mean=4, cv=0, model=b"], 4000, 1)
    keep(simulation, ["Z: closed=2, mean=4, cv=0, model=a, start=1000"], 4000, 2)
    simulation.run()
    return served.counts.get(("Z", "a"), 0) / served.counts["P", "a"]


def max_min(config: Config) -> float:
    """X can use one node, Z the other and Y both: the lowest share."""
    simulation = Simulation(config, nodes("ac", "bc"))
    watch = watched(simulation)
    specs = [f"{key}: closed={count}, mean=4, cv=0, model={model}" for key, count, model in ("X3a", "Z3b", "Y4c")]
    keep(simulation, specs, 3000, 1)
    simulation.run()
    return min(share(watch, key, 300, 3000) for key in "XYZ")


def ever_new(config: Config, seed: int) -> float:
    """Every request comes with a new key, but those of K: how many of K's are served in 1,500 s."""
    length = 1500.0
    workload = make_mix([f"new: rate={1.3 * 2 / 4}, mean=4", "K: closed=3, mean=4"], length, seed)
    renamed = tuple(
        attrs.evolve(arrival, job=attrs.evolve(arrival.job, key=f"new-{number}"))
        for number, arrival in enumerate(workload.arrivals)
    )
    run = drive(config, alike(2), attrs.evolve(workload, arrivals=renamed))
    return sum(f.job.key == "K" and f.outcome is Outcome.SERVED and f.ended <= length for f in run.fates)


CASES = (
    ("one long request at a time beside two backlogs", one_long, 1 / 3, 0.02),
    ("a key back from idle, its next 120 s", back_from_idle, 1 / 3, 0.02),
    ("a key whose model is loaded everywhere, its next 120 s", loaded_everywhere, 1 / 4, 0.03),
    ("own free pool and a shared one: against another there", own_and_shared, 1.0, 0.05),
    ("X on one node, Z on the other, Y on both: the lowest", max_min, 1 / 3, 0.01),
)


def shares(scale: Scale) -> Sequence[Line]:
    """Each case, beside what a scheduler without turns (SFQ) gives."""
    lines = []
    for what, case, fair, off in CASES:
        beside = "" if scale.quick else f"SFQ {case(settings(quantum=SFQ_QUANTUM)):.3f}"
        value = case(settings())
        lines.append(judged(what, value, least=fair - off, most=fair + off, digits=3, beside=beside))
    ours = [ever_new(settings(), seed) for seed in scale.seeds(SEEDS)]
    sfq = fmean(ever_new(settings(quantum=SFQ_QUANTUM), seed) for seed in scale.seeds(SEEDS))
    note = "mean of " + "/".join(f"{value:.0f}" for value in ours)
    what = "an old key among ever-new ones: served"
    lines.append(judged(what, fmean(ours), least=8, most=16, note=note, beside=f"SFQ {sfq:.1f}"))
    return lines


ROWS = (Row("shares", "Shares in hard cases", shares, SEEDS),)
