"""The nodes of a simulation: described by options, or those of the configuration."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from llmlb.config.entries import NodeConfig
from llmlb.config.rules import Number, Rule, Texts
from llmlb.config.words import MODEL_NAME
from llmlb.messages import Locale
from llmlb.simulate.flaws import Flaw, InputError
from llmlb.simulate.job import NodeSpec
from llmlb.simulate.specs import read_spec

_MODELS = Texts(MODEL_NAME)


@attrs.frozen
class Words:
    """Several model names with spaces between."""

    def check(self, value: object) -> tuple[str, ...]:
        return _MODELS.check(value)

    def read(self, text: str) -> list[str]:
        return text.split()

    def allowed(self, locale: Locale) -> str:
        return MODEL_NAME.allowed(locale)


FIELDS: dict[str, Rule] = {"models": Words(), "speed": Number(0.001, 1000)}


def read_nodes(specs: Sequence[str]) -> tuple[NodeSpec, ...]:
    """The nodes of the `--node` options. Raises InputError with everything that is wrong."""
    flaws: list[Flaw] = []
    nodes: dict[str, NodeSpec] = {}
    for spec in specs:
        name, values = read_spec("--node", spec, FIELDS, flaws)
        if name in nodes:
            flaws.append(Flaw(reason="name_twice", where="--node", given=name))
        nodes[name] = NodeSpec(name, values.get("models", ()), values.get("speed", 1.0))
    if flaws:
        raise InputError(flaws)
    return tuple(nodes.values())


def configured_nodes(nodes: Sequence[NodeConfig]) -> tuple[NodeSpec, ...]:
    """The nodes of a configuration, but for those it drains; one node when it has none. Raises InputError if it
    drains them all.
    """
    if not nodes:
        return (NodeSpec("node-1"),)
    taking = [node for node in nodes if not node.drain]
    if not taking:
        raise InputError([Flaw(reason="all_drained", where="[[nodes]]")])
    return tuple(NodeSpec(node.name, (*node.models, *(node.aliases if node.models else ()))) for node in taking)


def with_models(nodes: Sequence[NodeSpec], models: Sequence[str]) -> tuple[NodeSpec, ...]:
    """The nodes; one whose models are not listed serves all there are."""
    return tuple(node if node.models else attrs.evolve(node, models=tuple(models)) for node in nodes)
