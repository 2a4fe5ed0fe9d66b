"""`llmlb simulate`: configurations tried on a workload in virtual time."""

from llmlb.cli.simulate.command import simulate

__all__ = ["simulate"]
