"""`llmlb status`: what a running gateway does now, on one screen of a terminal."""

from llmlb.cli.status.command import status

__all__ = ["status"]
