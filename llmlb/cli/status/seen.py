"""What a running gateway answered about itself."""

from __future__ import annotations

from typing import Any

import attrs

from llmlb.gateway.desk import Desk
from llmlb.web.desk_json import read_desk

DESK = "/desk"
"""Where it is asked."""
WITH_HISTORY = "/desk?history=1"
"""The same, with the past hour of each node."""


@attrs.frozen
class Seen:
    """A gateway at one moment."""

    version: str
    url: str
    up: float
    """Seconds since it has been listening."""
    desk: Desk


def read_seen(answer: Any) -> Seen:
    """What it answered. Raises ValueError when that is from another version of llmlb."""
    try:
        return Seen(str(answer["version"]), str(answer["url"]), float(answer["up"]), read_desk(answer["desk"]))
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from None
