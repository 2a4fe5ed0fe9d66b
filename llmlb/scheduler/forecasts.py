"""How good the estimates have been, and the factor learned from it.

Those who arrive later and go first cannot be foreseen, so drawn waits come out too short in a systematic way that
depends on the load. One factor follows it: up a little when a wait was longer than was told, down a little when it was
shorter, until half are longer and half shorter (quantile tracking by sign; Robbins and Monro, 1951).
"""

from __future__ import annotations

import attrs

STEP = 1.02
LEAST, MOST = 0.3, 8.0
"""The factor stays between these."""
ENOUGH = 20
"""Waits seen before the factor is used."""
ALIKE_SECS = 0.01
"""A wait this close to what was drawn for it teaches nothing."""


@attrs.define
class Forecasts:
    """Counts of waits against their estimates."""

    told: int = 0
    """Waits that had been estimated and have ended."""
    shorter: int = 0
    """Those that were shorter than estimated."""
    longer: int = 0
    """Those that were longer."""
    _factor: float = 1.0

    @property
    def factor(self) -> float:
        """What drawn waits are multiplied with."""
        return self._factor if self.told >= ENOUGH else 1.0

    def ended(self, waited: float, drawn: float, told: float) -> None:
        """A request that was drawn and told so many seconds got its node after `waited`."""
        self.told += 1
        self.shorter += waited < told
        self.longer += waited > told
        learned = drawn * self._factor
        if waited > learned + ALIKE_SECS:
            self._factor = min(MOST, self._factor * STEP)
        elif waited < learned - ALIKE_SECS:
            self._factor = max(LEAST, self._factor / STEP)
