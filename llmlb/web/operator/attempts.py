"""Slows those down who try passwords: each address by itself, and all together."""

from __future__ import annotations

import ipaddress

import attrs

from llmlb.clock import Clock

FREE_FAILURES = 2
"""So many wrong passwords in a row cost no pause; from the next one on each costs twice the one before."""
FIRST_PAUSE_SECS, LONGEST_PAUSE_SECS = 1.0, 60.0
FORGOTTEN_SECS = 3600.0
"""An address from which nothing more has come for so long begins anew."""
MOST_ADDRESSES = 1000
PACE, BURST = 1.0, 10.0
"""Attempts a second that are looked at from all addresses together, and how many at once after a quiet time."""


@attrs.define
class _Failures:
    count: int
    last: float
    until: float


class Attempts:
    """Who has tried how often. An attempt counts as a failure until it has turned out to be none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[str, _Failures] = {}
        """Least recent first."""
        self._left = BURST
        self._left_at = clock.now()

    def __len__(self) -> int:
        return len(self._failures)

    def pause(self, address: str | None) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        failures = self._failures.get(network_of(address))
        now = self._clock.now()
        if failures is None or now >= failures.last + FORGOTTEN_SECS:
            return 0.0
        return max(0.0, failures.until - now)

    def pace(self) -> float:
        """Seconds until one more attempt of anybody is looked at; 0 when it is now."""
        self._refill()
        return max(0.0, (1.0 - self._left) / PACE)

    def begin(self, address: str | None) -> int:
        """An attempt is made; returns how many there were in a row, with this one."""
        self._refill()
        self._left -= 1.0
        network, now = network_of(address), self._clock.now()
        before = self._failures.pop(network, None)
        count = before.count + 1 if before is not None and now < before.last + FORGOTTEN_SECS else 1
        # The exponent is bounded as well: a float holds no 2.0**5000.
        doubled = min(count - FREE_FAILURES - 1, 10)
        pause = min(LONGEST_PAUSE_SECS, FIRST_PAUSE_SECS * 2.0**doubled) if doubled >= 0 else 0.0
        while len(self._failures) >= MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]
        self._failures[network] = _Failures(count, now, now + pause)
        return count

    def succeeded(self, address: str | None) -> None:
        """It was the right password: the address has a clean slate."""
        self._failures.pop(network_of(address), None)

    def _refill(self) -> None:
        now = self._clock.now()
        self._left = min(BURST, self._left + PACE * (now - self._left_at))
        self._left_at = now


def network_of(address: str | None) -> str:
    """Whose address it is: itself, or the /64 around an IPv6 address, for one machine has all of those."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
