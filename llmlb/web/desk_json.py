"""The desk as JSON: the names of its fields are what scripts may rely on; docs/operating.md has them."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from llmlb.gateway.desk import Desk

DIGITS = 3
"""Of seconds and shares: more would only be noise."""


def desk_json(desk: Desk, *, history: bool) -> dict[str, Any]:
    """The desk in values that JSON has. `history`: also the past hour of each node, which is by far the largest part.

    A waiting request has under `why` what it waits for.
    """
    if not history:
        desk = attrs.evolve(desk, nodes=tuple(attrs.evolve(node, history=()) for node in desk.nodes))
    content: dict[str, Any] = msgspec.to_builtins(desk, str_keys=True)
    _round(content)
    content["waiting"] = [{**view, "why": why} for view, why in content["waiting"]]
    if not history:
        for node in content["nodes"]:
            del node["history"]
    return content


def read_desk(content: dict[str, Any]) -> Desk:
    """The desk that `desk_json` made this of. Raises ValueError when it is from another version of llmlb."""
    try:
        waiting = [(view, view["why"]) for view in content["waiting"]]
        nodes = [{"history": (), **node} for node in content["nodes"]]
        return msgspec.convert({**content, "waiting": waiting, "nodes": nodes}, Desk)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ValueError(str(error)) from None


def _round(value: Any) -> None:
    """Round the figures of all tables inside. In place: for thousands of them that is several times as fast."""
    kind = type(value)
    if kind is dict:
        for key, inner in value.items():
            if type(inner) is float:
                value[key] = round(inner, DIGITS)
            else:
                _round(inner)
    elif kind is list or kind is tuple:
        for inner in value:
            _round(inner)
