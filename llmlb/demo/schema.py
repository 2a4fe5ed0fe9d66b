"""Arguments for a function, made up from its JSON schema."""

from __future__ import annotations

from typing import Any

_DEEPEST = 8


def example(schema: object, text: str, depth: int = 0) -> Any:
    """A value that fits the usual kinds of `schema`; strings that may be anything are `text`."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return text
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return example(schema[key][0], text, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        named = properties if isinstance(properties, dict) else {}
        return {name: example(each, text, depth + 1) for name, each in named.items()}
    if kind == "array":
        return [example(schema.get("items"), text, depth + 1)]
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": True, "null": None}.get(kind, text) if isinstance(kind, str) else text
