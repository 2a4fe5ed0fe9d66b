"""What servers of each kind answer to GETs, in the shapes of their own documentation and source."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

OWNERS: Final = {
    "ollama": "library",
    "llamacpp": "llamacpp",
    "llamacpp-router": "llamacpp",
    "vllm": "vllm",
    "lmstudio": "organization_owner",
    "llama-cpp-python": "me",
    "openai": "scripted",
}
"""Every kind, and who owns its models."""

_LOADING: Final = 503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
_SETTINGS: Final = {"default_generation_settings": {"params": {}, "n_ctx": 4096}, "model_path": "m.gguf"}


def page(
    kind: str, path: str, models: Sequence[str], loaded: Collection[str] = (), loading: bool = False
) -> tuple[int, Any] | None:
    """Status and JSON value of the page, None where this kind has none."""
    if path == "/v1/models":
        return 200, {"object": "list", "data": [_entry(kind, name, name in loaded) for name in models]}
    match kind, path:
        case "ollama", "/api/version":
            return 200, {"version": "0.12.0"}
        case "ollama", "/api/tags":
            return 200, {"models": [{"name": name, "model": name, "size": 1} for name in models]}
        case "ollama", "/api/ps":
            return 200, {"models": [{"name": name, "model": name, "size_vram": 1} for name in loaded]}
        case "vllm", "/version":
            return 200, {"version": "0.11.0"}
        case "lmstudio", "/api/v0/models":
            states = {name: "loaded" if name in loaded else "not-loaded" for name in models}
            return 200, {"data": [{"id": name, "type": "llm", "state": state} for name, state in states.items()]}
        case "lmstudio", _:
            return 200, {"error": f"Unexpected endpoint or method. (GET {path})"}
        case "llamacpp", "/props" | "/health" if loading:
            return _LOADING
        case "llamacpp", "/props":
            return 200, _SETTINGS | {"total_slots": 1, "build_info": "b1-abc"}
        case "llamacpp-router", "/props":
            return 200, _SETTINGS | {"role": "router", "max_instances": 4}
        case "llamacpp" | "llamacpp-router", "/health":
            return 200, {"status": "ok"}
    return None


def _entry(kind: str, name: str, loaded: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": name, "object": "model", "created": 0, "owned_by": OWNERS[kind]}
    match kind:
        case "llama-cpp-python":
            entry["permissions"] = []
        case "llamacpp-router":
            entry["status"] = {"value": "loaded" if loaded else "unloaded"}
    return entry
