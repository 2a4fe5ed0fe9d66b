"""What every request is given."""

from __future__ import annotations

import re

from llmlb.web.requests import new_id


def test_no_id_is_given_twice() -> None:
    given = [new_id() for _ in range(1000)]
    assert len(set(given)) == 1000
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in given)
