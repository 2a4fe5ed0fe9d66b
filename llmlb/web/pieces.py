"""What has come of a body so far, in hardly more memory than it has bytes."""

from __future__ import annotations

BLOCK_BYTES = 2048
"""Smaller pieces are put together: each takes some forty bytes of its own, and a client may send them as small as it
likes. Larger ones are kept as they came, for to copy them takes longer than all else that is done with a body."""


class Pieces:
    """Pieces of a body, in their order. `size`: their bytes together."""

    __slots__ = ("_blocks", "_small", "_small_bytes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._blocks: list[bytes] = []
        self._small: list[bytes] = []
        self._small_bytes = 0

    def add(self, piece: bytes) -> None:
        """One more has come."""
        self.size += len(piece)
        self._small.append(piece)
        self._small_bytes += len(piece)
        if self._small_bytes >= BLOCK_BYTES:
            self._blocks.append(b"".join(self._small))
            self._small.clear()
            self._small_bytes = 0

    def whole(self) -> bytes:
        """All of them as one, which are forgotten here."""
        whole = b"".join([*self._blocks, *self._small])
        self._blocks.clear()
        self._small.clear()
        self.size = self._small_bytes = 0
        return whole
