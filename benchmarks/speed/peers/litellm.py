"""LiteLLM's proxy, at a version that is known to be what its authors released."""

from __future__ import annotations

from pathlib import Path

import attrs

from benchmarks.speed.peers.peer import Command, Setup
from benchmarks.speed.peers.venvs import installed

PINNED = "1.80.0"
REQUIREMENT = f"litellm[proxy]=={PINNED}"
ENVIRON = {"LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


@attrs.frozen
class Litellm:
    """One worker; requests are spread over nodes, without a limit to each: its own does not hold for streams."""

    name: str = "litellm"
    kind: str = "litellm"
    probes: bool = False
    queues: bool = False

    def version(self) -> str:
        """The pinned one. Raises Missing."""
        installed(REQUIREMENT)
        return PINNED

    def prepare(self, folder: Path, port: int, setup: Setup) -> Command:
        """One model with a deployment for each node. Raises Missing."""
        lines = ["model_list:"]
        for node in setup.ports:
            lines += ["  - model_name: m", "    litellm_params:", "      model: openai/m", "      api_key: none"]
            lines += [f"      api_base: http://127.0.0.1:{node}/v1"]
        lines += ["router_settings:", "  routing_strategy: simple-shuffle", "  num_retries: 0"]
        lines += ["litellm_settings:", "  telemetry: false", "  request_timeout: 3600"]
        (folder / "config.yaml").write_text("\n".join(lines), encoding="utf-8")
        program = installed(REQUIREMENT) / "litellm"
        arguments = [str(program), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
        return Command([*arguments, "--num_workers", "1"], ENVIRON)
