"""What is known about one setting besides its name, type and default: kept in the attrs field itself.

Validation, environment variables, "what is allowed" and the documentation all read it from there.
"""

from __future__ import annotations

from typing import Any

import attrs

from llmlb.config.rules import Number, Rule, Unit, Whole
from llmlb.messages import Locale

_METADATA = "llmlb.setting"


@attrs.frozen(kw_only=True)
class Setting:
    """One setting: what it means, in one line a language, and what may be given."""

    rule: Rule
    ja: str
    en: str
    secret: bool = False
    """Shown as `***` wherever the value would be."""

    @property
    def unit(self) -> Unit:
        """What a number counts."""
        return self.rule.unit if isinstance(self.rule, Whole | Number) else ""

    def meaning(self, locale: Locale) -> str:
        """What the setting does, in one line."""
        return self.ja if locale == "ja" else self.en


def setting(
    rule: Rule,
    *,
    ja: str,
    en: str,
    default: Any = attrs.NOTHING,
    secret: bool = False,
    hashed: bool = True,
) -> Any:
    """An attrs field for a setting. Without `default` it must be given; a secret is left out of `repr`."""
    about = Setting(rule=rule, ja=ja, en=en, secret=secret)
    return attrs.field(
        default=default,
        repr=not secret,
        hash=None if hashed else False,  # None follows eq; a table cannot be hashed
        metadata={_METADATA: about},
    )


def setting_of(field: attrs.Attribute[Any]) -> Setting | None:
    """The setting a field stands for; None when nobody sets it (it is derived, or a whole table)."""
    about = field.metadata.get(_METADATA)
    return about if isinstance(about, Setting) else None


def settings_of(table: type[attrs.AttrsInstance]) -> dict[str, Setting]:
    """The settings of one table by key, in the order they are declared."""
    found = {field.name: setting_of(field) for field in attrs.fields(table)}
    return {name: about for name, about in found.items() if about is not None}
