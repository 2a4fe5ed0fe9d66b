"""`llmlb keys`: the API keys of the configuration file and of the running gateway."""

from llmlb.cli.keys.command import keys

__all__ = ["keys"]
