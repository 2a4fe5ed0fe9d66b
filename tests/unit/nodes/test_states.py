"""The order of nodes where not all can be shown."""

from __future__ import annotations

from llmlb.nodes.states import STATES, WELL, trouble_first


def test_those_to_look_after_come_first_and_those_at_work_keep_their_order() -> None:
    """If an idle node came after a busy one, nodes would come and go with every request."""
    assert sorted(["idle", "busy", "pending", "idle", "offline"], key=trouble_first) == [
        "offline", "pending", "idle", "busy", "idle",
    ]  # fmt: skip
    assert all(trouble_first(state) < trouble_first("idle") for state in STATES if state not in WELL)
