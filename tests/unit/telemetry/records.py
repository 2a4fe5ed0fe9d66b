"""Requests that are over, made up."""

from __future__ import annotations

from llmlb.telemetry.record import Outcome, Record


def over(
    outcome: Outcome = Outcome.SERVED,
    *,
    waited: float = 0.0,
    reached_node: bool = True,
    service: float | None = None,
    tokens: int | None = None,
) -> Record:
    """A request that ended like this. Times in seconds."""
    return Record(
        id="r1",
        at=0.0,
        key_name="a",
        path="/v1/chat/completions",
        model="m",
        outcome=outcome,
        status=200,
        waited=waited,
        reached_node=reached_node,
        service=service,
        tokens=tokens,
    )
