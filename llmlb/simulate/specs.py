"""Options of the form "name: field=value, field=value"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmlb.config.nearest import nearest
from llmlb.config.rules import Rule, Unfit
from llmlb.config.words import LABEL
from llmlb.simulate.flaws import Flaw


def read_spec(option: str, text: str, rules: Mapping[str, Rule], flaws: list[Flaw]) -> tuple[str, dict[str, Any]]:
    """The name and the values that passed their rules; what is wrong is added to `flaws`."""
    name, colon, rest = text.partition(":")
    name = name.strip()
    values: dict[str, Any] = {}
    try:
        if "=" in name and not colon:  # "alice rate=1": the colon is what is missing, not the fields
            raise Unfit
        LABEL.check(name)
    except Unfit:
        flaws.append(Flaw(reason="unfit_name", where=option, given=text, rule=LABEL))
    for part in rest.split(",") if colon else ():
        field, equals, given = (word.strip() for word in part.partition("="))
        if not part.strip():
            continue
        where = f"{option} {name}"
        if field not in rules or not equals:
            meant = nearest(field, rules)
            reason = "unknown_field" if meant is None or field in rules else "unknown_field_near"
            about = {"known": ", ".join(rules), "nearest": meant}
            flaws.append(Flaw(reason=reason, where=where, given=part.strip(), values=about))
            continue
        if field in values:
            flaws.append(Flaw(reason="field_twice", where=where, name=field))
            continue
        rule = rules[field]
        try:
            values[field] = rule.check(rule.read(given))
        except Unfit:
            flaws.append(Flaw(reason="unfit", where=where, name=field, given=given, rule=rule))
    return name, values
