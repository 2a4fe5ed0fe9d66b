"""Where a request is between its entry and its outcome, and where it may go from there."""

from __future__ import annotations

import enum


class Stage(enum.Enum):
    """Where a visit is."""

    NEW = "new"
    WAITING = "waiting"
    SERVING = "serving"
    """A node has the request, and nothing has reached the client: it may still go to another node."""
    RELAYING = "relaying"
    """The reply has begun to reach the client: it is this one or none."""
    OVER = "over"

    __hash__ = object.__hash__  # as equal as before; the one of Enum is a call of Python in every look into a set


MOVES = {
    Stage.NEW: {Stage.WAITING, Stage.SERVING, Stage.OVER},
    Stage.WAITING: {Stage.SERVING, Stage.OVER},
    Stage.SERVING: {Stage.WAITING, Stage.SERVING, Stage.RELAYING, Stage.OVER},
    Stage.RELAYING: {Stage.OVER},
    Stage.OVER: set[Stage](),
}
