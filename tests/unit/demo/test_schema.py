"""Arguments made up from a JSON schema."""

from __future__ import annotations

from typing import Any

import pytest

from llmlb.demo.schema import example


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "say"),
        ({"type": "string", "enum": ["c", "f"]}, "c"),
        ({"type": ["integer", "null"], "minimum": 3}, 3),
        ({"type": "number"}, 1),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"const": 7}, 7),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"properties": {"a": {"type": "string"}, "b": {"default": 2}}}, {"a": "say", "b": 2}),
        ({}, "say"),
        (True, "say"),
        (None, "say"),
    ],
)
def test_the_value_fits_the_schema(schema: object, value: object) -> None:
    assert example(schema, "say") == value


def test_a_schema_without_a_bottom_ends_all_the_same() -> None:
    endless: dict[str, Any] = {"type": "array"}
    endless["items"] = endless
    assert "say" in repr(example(endless, "say"))
