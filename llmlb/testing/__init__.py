"""Doubles for tests: a clock moved by hand, a node told what to say. No part of the program imports them."""

from __future__ import annotations

from llmlb.testing.clock import ManualClock
from llmlb.testing.node import ScriptedNode
from llmlb.testing.received import Gone, Received
from llmlb.testing.waiting import eventually, settle

__all__ = ["Gone", "ManualClock", "Received", "ScriptedNode", "eventually", "settle"]
