"""Who waits in a simulation, and in which order they are served."""

from __future__ import annotations

from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Job
from llmlb.simulate.observer import Observer
from llmlb.simulate.request import Request
from llmlb.simulate.workload import Workload


class Waiting(Observer):
    """The requests of a workload that wait, and those that have been given to a node."""

    def __init__(self, simulation: Simulation, workload: Workload) -> None:
        self._simulation = simulation
        self._requests: dict[int, Request] = {}
        self._waiting: dict[int, Job] = {}
        self.started_jobs: list[Job] = []
        """In the order of their services; one that was tried twice is here twice."""
        simulation.observers.append(self)
        for arrival in workload.arrivals:
            simulation.call_at(arrival.at, lambda job=arrival.job: self._send(job))  # type: ignore[misc]

    @property
    def requests(self) -> list[Request]:
        """Those that wait now."""
        return [self._requests[number] for number in self._waiting]

    def waits(self, job: Job, now: float) -> None:
        self._waiting[id(job)] = job

    def left(self, job: Job, now: float) -> None:
        del self._waiting[id(job)]

    def started(self, job: Job, node: str, now: float) -> None:
        self.started_jobs.append(job)

    def _send(self, job: Job) -> None:
        self._requests[id(job)] = self._simulation.submit(job)
