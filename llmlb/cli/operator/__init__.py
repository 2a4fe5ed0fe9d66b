"""`llmlb operator`: the password of the operator's page."""

from llmlb.cli.operator.command import operator

__all__ = ["operator"]
