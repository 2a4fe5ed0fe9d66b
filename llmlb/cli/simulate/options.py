"""The options of `llmlb simulate`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from llmlb.cli.help_format import HelpFormatter
from llmlb.cli.simulate.texts import TEXTS
from llmlb.config.rules import Number, Rule, Unfit, Whole
from llmlb.messages import Locale
from llmlb.simulate.candidates import FIFO
from llmlb.simulate.trace import Pace

SEED = 1
_USUAL = Pace()
OF_ONE_WORKLOAD: Mapping[str, tuple[str, float]] = {
    "for": ("mix", 3600.0),
    "keys": ("trace", 20),
    "zipf": ("trace", 1.1),
    "overhead": ("trace", _USUAL.overhead_secs),
    "prompt_rate": ("trace", _USUAL.prompt_rate),
    "output_rate": ("trace", _USUAL.output_rate),
}
"""Options that only one kind of workload has, and their defaults. None is there at first, to see which are given."""


def add_options(command: argparse.ArgumentParser, locale: Locale) -> None:
    """Give the command its options, in groups."""

    def say(key: str, **values: object) -> str:
        return TEXTS[key][locale].format(**values)

    def number(rule: Rule) -> Callable[[str], object]:
        def read(text: str) -> object:
            try:
                return rule.check(rule.read(text))
            except Unfit:
                raise argparse.ArgumentTypeError(f"{text!r}: {rule.allowed(locale)}") from None

        return read

    command.formatter_class = HelpFormatter
    command.usage = say("usage", prog=command.prog)
    command.description = say("about")
    command.epilog = say("examples", prog=command.prog)

    group = command.add_argument_group(say("of_configurations"))
    group.add_argument("--config", metavar="FILE", type=Path, action="append", default=[], help=say("config"))
    group.add_argument(
        "--set", metavar="TABLE.KEY=VALUE", nargs="+", action="append", default=[], help=say("set"), dest="changes"
    )
    group.add_argument("--compare", choices=(FIFO,), help=say("compare"))

    group = command.add_argument_group(say("of_workload"))
    group.add_argument("--trace", metavar="FILE.csv", type=Path, help=say("trace"))
    group.add_argument("--history", metavar="FILE", type=Path, help=say("history"))
    group.add_argument("--mix", metavar="SPEC", action="append", default=[], help=say("mix"))
    seconds = number(Number(1, 1e7))
    group.add_argument("--for", metavar="SECS", type=seconds, help=say("for", default=f"{OF_ONE_WORKLOAD['for'][1]:g}"))
    group.add_argument(
        "--seed", metavar="N", type=number(Whole(0, 2**63)), default=SEED, help=say("seed", default=SEED)
    )
    group.add_argument("--retries", metavar="N", type=number(Whole(0, 100)), default=0, help=say("retries"))

    group = command.add_argument_group(say("of_trace"))
    group.add_argument(
        "--keys",
        metavar="N",
        type=number(Whole(1, 100_000)),
        help=say("keys", default=OF_ONE_WORKLOAD["keys"][1]),
    )
    zipf = say("zipf", default=OF_ONE_WORKLOAD["zipf"][1])
    group.add_argument("--zipf", metavar="S", type=number(Number(0, 10)), help=zipf)
    group.add_argument("--load", metavar="X", type=number(Number(0.001, 1000)), help=say("load"))
    for name, least in (("overhead", 0.0), ("prompt_rate", 0.001), ("output_rate", 0.001)):
        option = "--" + name.replace("_", "-")
        group.add_argument(
            option,
            metavar="SECS" if name == "overhead" else "TOKENS/S",
            type=number(Number(least, 1e6)),
            help=say(name, default=f"{OF_ONE_WORKLOAD[name][1]:g}"),
        )

    group = command.add_argument_group(say("of_nodes"))
    group.add_argument("--nodes", metavar="N", type=number(Whole(1, 10_000)), help=say("nodes"))
    group.add_argument("--node", metavar="SPEC", action="append", default=[], help=say("node"))

    group = command.add_argument_group(say("of_output"))
    group.add_argument("--plot", metavar="FILE.svg", type=Path, help=say("plot"))
    group.add_argument("--json", metavar="FILE", type=Path, help=say("json"))
