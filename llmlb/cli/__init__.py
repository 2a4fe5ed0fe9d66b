"""The command line."""

from llmlb.cli.commands import main

__all__ = ["main"]
