"""What the operator's pages refuse, in words: an exception that becomes a page with a way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NotDone(Exception):
    """A request of the operator's part is refused with a page.

    `key` names words of `OPERATOR_TEXTS`, filled with `values`.
    """

    def __init__(self, status: int, key: str, headers: Mapping[str, str] | None = None, /, **values: Any) -> None:
        self.status = status
        self.key = key
        self.headers = dict(headers or {})
        self.values = values
        super().__init__(status, key)
