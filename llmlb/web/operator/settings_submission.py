"""What the operator has sent: which settings were changed in the form, and to what.

The form says what each setting was when it was shown. What has not been touched since is not the operator's wish, so
that a change by somebody else stays when an old form is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from llmlb.config.rules import Unfit
from llmlb.config.values import read_value
from llmlb.web.operator.settings_places import Place, as_typed, usual

LONGEST = 100
"""Characters of a value that are looked at; no setting of the page needs as many."""

_OF_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}

Wrong = Literal["unfit", "locked"]


@attrs.frozen(kw_only=True)
class Submission:
    """The form as it was sent. Nothing of it is to be believed."""

    version: str
    """Of the file, when the form was shown."""
    was: Mapping[str, str]
    """By id what was in the fields then; a field that is not named had its default."""
    typed: Mapping[str, str]
    """By id what is in them now; a field that is not named was not in the form."""
    edit: bool = False
    """To go on with the form, rather than to have the changes shown or made."""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Submission:
        """From the fields of a form."""
        was = dict(entry.partition("=")[::2] for entry in fields.get("was", "").split(" ") if entry)
        typed = {id: text[:LONGEST] for id, text in fields.items() if "." in id}
        return cls(version=fields.get("version", ""), was=was, typed=typed, edit="edit" in fields)


@attrs.frozen(kw_only=True)
class Wish:
    """One setting that the operator has touched."""

    place: Place
    typed: str
    was: str
    """What was in the field before."""
    value: Any = None
    """What `typed` means; None when it is wrong."""
    wrong: Wrong | None = None

    @property
    def news(self) -> bool:
        """Whether it would change what there is now."""
        return self.wrong is None and self.value != self.place.value

    @property
    def overtaken(self) -> bool:
        """Whether somebody else has changed the setting since it was shown."""
        return self.was != as_typed(self.place.value)


@attrs.frozen(kw_only=True)
class Wishes:
    """All that the operator has touched, by id."""

    of: Mapping[str, Wish]
    strange: tuple[str, ...]
    """Ids touched that are no settings of the page: keys that are gone, or forgeries."""

    @property
    def wrong(self) -> bool:
        """Whether something cannot be done as it was typed."""
        return bool(self.strange) or any(wish.wrong for wish in self.of.values())

    @property
    def news(self) -> tuple[Wish, ...]:
        """Those that would change something."""
        return tuple(wish for wish in self.of.values() if wish.news)


def wishes(submission: Submission, places: Mapping[str, Place], locked: Mapping[str, str]) -> Wishes:
    """What is wished for, in the order of the page. `locked`: by id, the variables that hold settings."""
    found: dict[str, Wish] = {}
    for id, place in places.items():
        if (text := submission.typed.get(id)) is None:
            continue
        was = submission.was.get(id, as_typed(place.default))
        if _same(place, text, was):
            continue
        try:
            value, wrong = _read(place, text), None
        except Unfit:
            value, wrong = None, "unfit"
        if id in locked:
            wrong = "locked"
        found[id] = Wish(place=place, typed=text, was=was, value=value, wrong=wrong)  # type: ignore[arg-type]
    strange = tuple(
        id for id, text in submission.typed.items() if id not in places and text != submission.was.get(id, usual(id))
    )
    return Wishes(of=found, strange=strange)


def _same(place: Place, text: str, was: str) -> bool:
    if text == was:
        return True
    try:
        return bool(_read(place, text) == _read(place, was))
    except Unfit:
        return False


def _read(place: Place, text: str) -> Any:
    """The value a text means; digits may be of full width, as Japanese keyboards type them. Raises Unfit."""
    return read_value(place.setting, text.translate(_OF_FULL_WIDTH))
