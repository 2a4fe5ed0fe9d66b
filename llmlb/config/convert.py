"""Plain values to the model, strictly: every value that does not fit is reported, none is bent.

cattrs on its own turns `true` into 1 and `"2"` into 2; here each field is structured by the rule in its metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from llmlb.config.model import ENTRIES, TABLES, Config
from llmlb.config.problems import Path
from llmlb.config.rules import Pairs, Rule, Texts, Unfit
from llmlb.config.settings import settings_of

T = TypeVar("T")


@attrs.frozen
class Fault:
    """What is wrong at one place of the document. `part` is the value as given, secret or not."""

    path: Path
    reason: str
    part: Any = attrs.field(default=None, repr=False)
    rule: Rule | None = None


class Refused(Exception):
    """The values do not fit the model. `faults`: all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__(len(faults))


def convert(data: dict[str, Any]) -> Config:
    """The model of `data`. Raises Refused."""
    try:
        return _CONVERTER.structure(data, Config)
    except cattrs.BaseValidationError as error:
        raise Refused(tuple(_faults(error, ()))) from None


class _WrongShape(Exception):
    """Something else than a table, or an array of tables, where one belongs."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def _faults(error: BaseException, path: Path) -> Iterator[Fault]:
    """The faults inside an exception of cattrs, which says by notes where each of them is."""
    if isinstance(error, cattrs.BaseValidationError):
        for inner in error.exceptions:
            yield from _faults(inner, (*path, *_step(inner)))
    elif isinstance(error, Unfit):
        rule = _rule(path)
        for where, part in error.parts:
            its_rule = rule.item if where and isinstance(rule, Texts | Pairs) else rule
            yield Fault((*path, *where), "unfit", part, its_rule)
    elif isinstance(error, cattrs.ForbiddenExtraKeysError):
        for name in sorted(error.extra_fields):
            yield Fault((*path, name), "unknown_key" if path else "unknown_table")
    elif isinstance(error, _WrongShape):
        yield Fault(path, error.reason)
    elif isinstance(error, KeyError):
        yield Fault(path, "missing", None, _rule(path))
    else:
        raise error


def _step(error: BaseException) -> Path:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, cattrs.AttributeValidationNote):
            return (note.name,)
        if isinstance(note, cattrs.IterableValidationNote):
            return (note.index,)
    return ()


def _rule(path: Path) -> Rule:
    table = str(path[0])
    settings = settings_of(TABLES[table]) if table in TABLES else settings_of(ENTRIES[table])
    return settings[str(path[-1])].rule


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)
    for table in (*TABLES.values(), *ENTRIES.values()):
        by_rule: dict[str, Any] = {
            name: override(struct_hook=_by(about.rule)) for name, about in settings_of(table).items()
        }
        converter.register_structure_hook(table, _table(make_dict_structure_fn(table, converter, **by_rule)))
    several: dict[str, Any] = {
        name: override(struct_hook=_several(converter, entry, name)) for name, entry in ENTRIES.items()
    }
    converter.register_structure_hook(Config, make_dict_structure_fn(Config, converter, **several))
    return converter


def _by(rule: Rule) -> Callable[[Any, Any], Any]:
    return lambda value, _: rule.check(value)


def _table(inside: Callable[[Any, Any], T]) -> Callable[[Any, Any], T]:
    def structure(value: Any, cls: Any) -> T:
        if not isinstance(value, dict):
            raise _WrongShape("not_a_table")
        return inside(value, cls)

    return structure


def _several(converter: cattrs.Converter, entry: type[Any], name: str) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise _WrongShape("not_entries")
        return converter.structure(value, tuple[entry, ...])  # type: ignore[valid-type]

    return structure


_CONVERTER = _converter()
