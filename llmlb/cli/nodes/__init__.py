"""`llmlb nodes`: the nodes of the configuration file and of the running gateway."""

from llmlb.cli.nodes.command import nodes

__all__ = ["nodes"]
