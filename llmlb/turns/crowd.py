"""How many requests of each key wait, and which key has most."""

from __future__ import annotations

from collections import OrderedDict


class Crowd:
    """Counts by key, and the keys by their count, so that nothing here costs more when more keys wait.

    A count moves by one at a time. So does the largest: when the last key that had it loses one, that key has the
    largest now.
    """

    def __init__(self) -> None:
        self.most = 0
        """The largest count; 0 when nobody waits."""
        self._counts: dict[str, int] = {}
        self._keys: dict[int, OrderedDict[str, None]] = {}
        """By count, in the order in which they came to have it. Of a plain dict the first is found only past the places
        of all that were first before."""

    def of(self, key: str) -> int:
        """How many wait of this key."""
        return self._counts.get(key, 0)

    def fattest(self) -> str:
        """The key that has most waiting; of several, the one that has had so many for longest.

        Raises KeyError when nobody waits.
        """
        return next(iter(self._keys[self.most]))

    def add(self, key: str) -> None:
        """One more of this key waits."""
        count = self.of(key)
        self._move(key, count, count + 1)
        self.most = max(self.most, count + 1)

    def remove(self, key: str) -> None:
        """One less does. Raises KeyError if none did."""
        count = self._counts[key]
        self._move(key, count, count - 1)
        if count == self.most and count not in self._keys:
            self.most -= 1

    def __len__(self) -> int:
        """How many keys have anything waiting."""
        return len(self._counts)

    def _move(self, key: str, before: int, after: int) -> None:
        if before:
            peers = self._keys[before]
            del peers[key]
            if not peers:
                del self._keys[before]
        if after:
            self._counts[key] = after
            self._keys.setdefault(after, OrderedDict())[key] = None
        else:
            del self._counts[key]
