"""The page of settings as one reader sees it: the form, the difference, and what went wrong, in their language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from aiohttp import web

from llmlb.config.model import Config
from llmlb.config.problems import Problem
from llmlb.gateway.reload import Reload
from llmlb.gateway.steering import Steering
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.keys import GATEWAY
from llmlb.web.operator.edit_flashes import alert, problems_alert, taken
from llmlb.web.operator.flashes import Flash
from llmlb.web.operator.guard import FORM
from llmlb.web.operator.pages import DESK, operator_page
from llmlb.web.operator.sessions import Session
from llmlb.web.operator.settings_difference import effects, rows, trial
from llmlb.web.operator.settings_form import settings_form, was_of
from llmlb.web.operator.settings_log import entries
from llmlb.web.operator.settings_places import Place, as_typed
from llmlb.web.operator.settings_submission import Submission, Wish, Wishes
from llmlb.web.operator.settings_texts import settings_text
from llmlb.web.pages import page_locale

SETTINGS = f"{DESK}/settings"
APPLY = f"{SETTINGS}/apply"
TRY = f"{SETTINGS}/try"
MOST_FIND = 64
"""Characters of a name that is looked for; names are no longer."""


@attrs.frozen(kw_only=True)
class Seen:
    """What there is at this moment."""

    config: Config
    version: str
    problems: tuple[Problem, ...]
    """Of the file; if there are some, `config` is what applies all the same."""
    places: Mapping[str, Place]
    locked: Mapping[str, str]


@attrs.frozen
class SettingsPage:
    """For one request of one operator."""

    request: web.Request
    session: Session
    steering: Steering

    @property
    def locale(self) -> Locale:
        """The language of the reader."""
        return page_locale(self.request)

    @property
    def file(self) -> str:
        """The configuration file, for people."""
        return printable(str(self.steering.path))

    def say(self, key: str, **values: Any) -> str:
        """Words of `settings_texts`."""
        return settings_text(self.locale, key, **values)

    def alert(self, key: str, lines: Sequence[str] = (), **values: Any) -> Flash:
        """What is wrong, and what to do about it."""
        return alert(self.locale, key, lines, file=self.file, **values)

    def strange(self, wished: Wishes) -> list[str]:
        """What was wished for that the page does not have."""
        return [self.say("wrong_strange", count=len(wished.strange))] if wished.strange else []

    def form(self, seen: Seen, wished: Wishes, alert: Flash | None = None, *, status: int = 200) -> web.Response:
        """The form with what is wished for; where the file has problems, with those, and not to be sent."""
        if seen.problems:
            alert = problems_alert(self.locale, "broken", seen.problems)
        form = settings_form(seen.places, wished, seen.locked, self.locale, version=seen.version, find=self._find)
        context = {
            "alert": alert,
            "broken": bool(seen.problems),
            "file": self.file,
            "find": self._find,
            "form": form,
            "log": entries(self.request.app[GATEWAY].changes, self.locale),
        }
        return self._page("settings.html", context, status)

    def wrong(self, seen: Seen, wished: Wishes) -> web.Response:
        """The form with what is wrong at each field."""
        count, strange = sum(wish.wrong is not None for wish in wished.of.values()), self.strange(wished)
        if count:
            title = self.say("wrong_one") if count == 1 else self.say("wrong_some", count=count)
        else:
            title, strange = strange[0], []
        alert = Flash(level="error", title=title, advice=self.say("wrong_nothing"), lines=tuple(strange))
        return self.form(seen, wished, alert, status=422)

    def difference(
        self, seen: Seen, submission: Submission, news: Sequence[Wish], *, tried: str = "", failed: Flash | None = None
    ) -> web.Response:
        """What the changes would do, to be confirmed. `tried`, `failed`: what came of trying them."""
        log_file = seen.config.log.file
        context = {
            "apply": APPLY,
            "attempt": TRY,
            "failed": failed,
            "tried": tried,
            "effects": effects(news, seen.config, self.request.app[GATEWAY].overview().waiting, self.locale),
            "find": self._find,
            "has_log": bool(log_file) and seen.config.log.format != "console",
            "rows": rows(news, self.locale),
            "sent": [(wish.place.id, as_typed(wish.value)) for wish in news],
            "settings": SETTINGS,
            "trial": trial(news, self.steering.path, log_file),
            "version": submission.version,
            "was": was_of([wish.place for wish in news]),
        }
        return self._page("difference.html", context, 200)

    def outcome(self, came: Reload, seen: Seen, news: Sequence[Wish]) -> Flash:
        """What is told when the file has been written."""
        title = self.say("done" if seen.version else "done_created", file=self.file)
        lines = (f"{row.key} {row.label}: {row.before} → {row.after}".lstrip() for row in rows(news, self.locale))
        return taken(self.locale, came, Flash(level="good", title=title, lines=tuple(lines)))

    @property
    def _find(self) -> str:
        sent: Mapping[str, str] = self.request.get(FORM, self.request.query)
        return sent.get("find", "").strip()[:MOST_FIND]

    def _page(self, template: str, context: dict[str, Any], status: int) -> web.Response:
        context |= {"language_at": SETTINGS}  # the address of a form is no page
        return operator_page(
            self.request, template, context,
            status=status, session=self.session, words=settings_text, here="settings",
        )  # fmt: skip


def page_without_file(request: web.Request, session: Session) -> web.Response:
    """Where the gateway has no configuration file, and nothing can be changed."""
    return operator_page(request, "settings_off.html", session=session, words=settings_text, here="settings")
