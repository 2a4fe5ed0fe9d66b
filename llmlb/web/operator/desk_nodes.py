"""How each node is and has been, in the words of the desk."""

from __future__ import annotations

import attrs

from llmlb.gateway.desk import Desk, NodeCard
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.telemetry.record import Outcome
from llmlb.web.durations import moment
from llmlb.web.operator import desk_figures as figures
from llmlb.web.operator.desk_texts import desk_text
from llmlb.web.page_texts import page_text, reason_text

MOST_MODELS = 8
"""How many models of a node are named; the rest are counted."""
KINDS = {
    "ollama": "Ollama",
    "lmstudio": "LM Studio",
    "vllm": "vLLM",
    "llamacpp": "llama.cpp",
    "llama-cpp-python": "llama-cpp-python",
    "openai": "OpenAI API",
}


@attrs.frozen(kw_only=True)
class NodeRow:
    """One node, but for its past."""

    id: str
    name: str
    state: str
    label: str
    since: str
    reason: str
    serves: str
    """Whose request it has; may be empty."""
    kind: str
    url: str
    models: str
    service: str
    mean: str
    served: str
    failures: str
    action: str
    """Where the button sends to."""
    button: str
    """What it says; empty where there is nothing to be done, as the node is leaving."""


@attrs.frozen(kw_only=True)
class Nodes:
    """All nodes there is room for."""

    rows: tuple[NodeRow, ...]
    more: str


def nodes(desk: Desk, locale: Locale) -> Nodes:
    """The nodes of `desk`."""
    more = desk_text(locale, "nodes_more", count=figures.number(desk.nodes_more)) if desk.nodes_more else ""
    return Nodes(rows=tuple(_row(node, locale) for node in desk.nodes), more=more)


def _row(node: NodeCard, locale: Locale) -> NodeRow:
    usage, action = node.usage, "resume" if node.drained else "drain"
    return NodeRow(
        id=node.id,
        name=printable(node.name),
        state=node.state,
        label=page_text(locale, f"state_{node.state}"),
        since=moment(node.since, locale),
        reason=printable(reason_text(locale, node.reason)),
        serves=_serves(node, locale),
        kind=_kind(node, locale),
        url=printable(node.url),
        models=_models(node, locale),
        service=figures.pair(usage.service_p50, usage.service_p90, locale),
        mean=figures.measured(usage.service_mean, locale),
        served=figures.number(usage.outcomes.get(Outcome.SERVED, 0)),
        failures=figures.number(node.failures),
        action=f"/operator/nodes/{action}",
        button="" if _is_leaving(node) else desk_text(locale, action),
    )


def _serves(node: NodeCard, locale: Locale) -> str:
    if node.request is None:
        return ""
    return desk_text(locale, "node_serves", key=figures.key_title(node.key or "", locale), id=printable(node.request))


def _kind(node: NodeCard, locale: Locale) -> str:
    kind = KINDS.get(node.kind) or printable(node.kind) or desk_text(locale, "kind_unknown")
    return kind if node.in_file or _is_leaving(node) else f"{kind} · {desk_text(locale, 'node_found')}"


def _is_leaving(node: NodeCard) -> bool:
    """Whether it is no longer configured and finishes what it has."""
    return node.state == "draining" and not node.drained


def _models(node: NodeCard, locale: Locale) -> str:
    if not node.models:
        return desk_text(locale, "models_none")
    parts = [printable(model) for model in node.models[:MOST_MODELS]]
    rest = max(0, len(node.models) - MOST_MODELS) + node.models_more
    if rest:
        parts.append(desk_text(locale, "models_more", count=figures.number(rest)))
    return desk_text(locale, "list_separator").join(parts)
