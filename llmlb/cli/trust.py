"""Whom connections trust that aiohttp makes by itself: nobody, for llmlb makes none such."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nobody_trusted_yet() -> Iterator[None]:
    """Let the TLS contexts that are made meanwhile trust nobody, rather than read the system's trust store.

    aiohttp makes two when it is imported, whether they will be used or not: a sixth of the time that a gateway takes
    to start, and 2 MiB. Each node with TLS has a context of llmlb's own; by those two every server is refused.
    """
    ssl.SSLContext.set_default_verify_paths = _read_nothing  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        del ssl.SSLContext.set_default_verify_paths  # only hid the one that is inherited


def _read_nothing(_: ssl.SSLContext) -> None:
    pass
