"""`llmlb config`: the settings of the configuration file, one by one."""

from llmlb.cli.settings.command import settings

__all__ = ["settings"]
