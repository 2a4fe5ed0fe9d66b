"""The past hour as it was drawn last: it is the larger part of the page and changes with every request."""

from __future__ import annotations

import attrs
import msgspec

from llmlb.clock import Clock
from llmlb.messages import Locale
from llmlb.telemetry.timeline import Step, Timeline
from llmlb.web.past_hour import DrawnHour, drawn_hour

PERIOD_SECS = 0.7
"""Drawn anew at most this often: with the period of the feed, a page is a second behind at most."""


@attrs.define
class LatestDrawing:
    """Draws `timeline` when somebody wants to see it, once for all who do."""

    _timeline: Timeline
    _clock: Clock
    _steps: tuple[Step, ...] = ()
    _looked_at: float = 0.0
    _drawn: dict[Locale, DrawnHour] = attrs.field(factory=dict)
    _encoded: dict[Locale, bytes] = attrs.field(factory=dict)

    def drawn(self, locale: Locale) -> DrawnHour:
        """The drawings with the words of a language."""
        now = self._clock.now()
        if not self._steps or now - self._looked_at >= PERIOD_SECS:
            self._looked_at = now
            self._steps = self._timeline.steps()
            self._drawn.clear()
            self._encoded.clear()
        if locale not in self._drawn:
            self._drawn[locale] = drawn_hour(self._steps, locale)
        return self._drawn[locale]

    def encoded(self, locale: Locale) -> bytes:
        """The same as JSON in one line."""
        drawn = self.drawn(locale)
        if locale not in self._encoded:
            self._encoded[locale] = msgspec.json.encode(drawn)
        return self._encoded[locale]
