"""The keys as the operator sees them: what each has now, had lately, and is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from llmlb.config.model import KeyConfig
from llmlb.gateway.desk import MOST_KEYS, KeyView
from llmlb.telemetry.usage import OTHERS, HourByName


@attrs.frozen(kw_only=True)
class KeyNumbers:
    """Who is here, and numbers by name of key; a name that is missing has none."""

    inside: Iterable[str]
    """Those with any requests inside, be it that only the client still has to take its reply."""
    waiting: Mapping[str, int]
    in_service: Mapping[str, int]
    shares: Mapping[str, float]
    debts: Mapping[str, float]
    fair: bool
    """Whether weights count; in the order of arrival nobody is due anything."""


def key_views(configs: Iterable[KeyConfig], numbers: KeyNumbers, hour: HourByName) -> tuple[tuple[KeyView, ...], int]:
    """The busiest keys, and how many more there are.

    All that are configured count, and of others those that have anything inside or had in the past hour. First come
    those with most requests inside, then with the most node time in five minutes, then whoever was active last.
    """
    known = {config.name: config for config in configs}
    waiting, in_service, shares = numbers.waiting, numbers.in_service, numbers.shares
    names = dict.fromkeys((*numbers.inside, *shares, *hour.names(), *known))
    names.pop(OTHERS, None)
    weights = {name: known[name].weight if name in known else 1.0 for name in names}
    active = sum(weights[name] for name in names if name in waiting or name in shares)

    def busy(name: str) -> tuple[int, float]:
        return waiting.get(name, 0) + in_service.get(name, 0), shares.get(name, 0.0)

    busiest = sorted(names, key=busy, reverse=True)  # stable: those alike stay in the order above
    views = tuple(
        KeyView(
            name=name,
            configured=name in known,
            disabled=name in known and known[name].disabled,
            weight=weights[name],
            max_waiting=known[name].max_waiting if name in known else 0,
            waiting=waiting.get(name, 0),
            in_service=in_service.get(name, 0),
            share=shares.get(name, 0.0),
            due=weights[name] / active if numbers.fair and (name in waiting or name in shares) else 0.0,
            debt=numbers.debts.get(name, 0.0),
            usage=hour.of(name),
        )
        for name in busiest[:MOST_KEYS]
    )
    return views, len(names) - len(views)
