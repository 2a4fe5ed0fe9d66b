"""A small simulation that says in one line each what a test wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from llmlb.config.model import Config, Fairness, KeyConfig, Queue, Upstream
from llmlb.scheduler.prices import Cost
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Job, NodeSpec
from llmlb.simulate.observer import Observer
from llmlb.simulate.request import Request


def config(weights: Mapping[str, float] | None = None, *, cost: Cost = "seconds", **queue: Any) -> Config:
    """A configuration of these weights and settings of `[queue]`."""
    keys = tuple(KeyConfig(name=name, key=f"sk-{name}", weight=weight) for name, weight in (weights or {}).items())
    return Config(queue=Queue(**queue), fairness=Fairness(cost=cost), api_keys=keys, upstream=Upstream(max_attempts=2))


@attrs.define
class Steps(Observer):
    """Everything that happened, as text."""

    said: list[str] = attrs.field(factory=list)

    def waits(self, job: Job, now: float) -> None:
        self.said.append(f"{now:g} {job.key} waits")

    def left(self, job: Job, now: float) -> None:
        self.said.append(f"{now:g} {job.key} left")

    def started(self, job: Job, node: str, now: float) -> None:
        self.said.append(f"{now:g} {job.key} {node}")

    def ended(self, job: Job, node: str, held: float, now: float) -> None:
        self.said.append(f"{now:g} {job.key} {node} {held:g}")


class Stand:
    """Nodes are given as in {"n1": "a b"}; requests are named by their key and a number, as in A1."""

    def __init__(self, nodes: Mapping[str, str] | None = None, settings: Config | None = None) -> None:
        specs = [NodeSpec(name, tuple(models.split())) for name, models in (nodes or {"n": ""}).items()]
        self.simulation = Simulation(settings or config(), specs)
        self.requests: dict[str, Request] = {}
        self.ended: list[str] = []

    def come(self, names: str, at: float = 0.0, *, secs: float = 5.0, model: str = "", **more: Any) -> None:
        """They come at this time, one after another."""

        def submit(name: str) -> None:
            job = Job(name.rstrip("0123456789"), model, secs, **more)
            self.requests[name] = self.simulation.submit(job, lambda fate: self.ended.append(name))

        for name in names.split():
            self.simulation.call_at(at, lambda name=name: submit(name))  # type: ignore[misc]

    def status(self, names: str) -> list[int]:
        """What these were answered."""
        found = []
        for name in names.split():
            fate = self.requests[name].fate
            assert fate is not None
            found.append(fate.status)
        return found

    @property
    def order(self) -> str:
        """The requests in the order in which their last service began."""
        fates = {name: request.fate for name, request in self.requests.items()}
        started = [(fate.started, name) for name, fate in fates.items() if fate and fate.started is not None]
        return " ".join(name for _, name in sorted(started))
