"""`/operator/settings`: what the operator changes, shown as a difference first, then written and applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import ChangedMeanwhile
from llmlb.config.problems import ConfigError
from llmlb.config.values import UnknownKey, plain
from llmlb.web.keys import GATEWAY, STEERING
from llmlb.web.operator.edit_flashes import not_written, problems_alert
from llmlb.web.operator.flashes import Flash, say_next
from llmlb.web.operator.guard import FORM, operator_at, signed_in
from llmlb.web.operator.pages import see_other
from llmlb.web.operator.sessions import Session
from llmlb.web.operator.settings_page import APPLY, SETTINGS, TRY, Seen, SettingsPage, page_without_file
from llmlb.web.operator.settings_places import as_typed, places
from llmlb.web.operator.settings_submission import Submission, Wish, Wishes, wishes
from llmlb.web.operator.settings_trial import TRIALS, TrialFailed, Trials

MOST_AT_ONCE = 100
"""Changes sent together. Each takes the longer the larger the file is, and the gateway has other things to do."""

_NOTHING = Submission(version="", was={}, typed={})
_NotTaken = ConfigError | CannotEdit | UnknownKey | ChangedMeanwhile | OSError


def add_settings(app: web.Application) -> None:
    """Add the page of settings to `app`, which must have its `GATEWAY`, `STEERING` and `SESSIONS`."""
    app.router.add_get(SETTINGS, _with_file(_show))
    app.router.add_post(SETTINGS, _with_file(_review))
    app.router.add_post(APPLY, _with_file(_apply))
    app.router.add_post(TRY, _with_file(_try))
    app[TRIALS] = Trials()


def _with_file(handler: Callable[[SettingsPage], Awaitable[web.Response]]) -> Handler:
    """The handler, for the operator, and where there is a file to change."""

    async def answered(request: web.Request, session: Session) -> web.StreamResponse:
        steering = request.app[STEERING]
        if steering is None:
            return page_without_file(request, session)
        return await handler(SettingsPage(request, session, steering))

    return signed_in(answered)


async def _show(page: SettingsPage) -> web.Response:
    seen = await _look(page)
    return page.form(seen, wishes(_NOTHING, seen.places, seen.locked))


async def _review(page: SettingsPage) -> web.Response:
    """Show what the changes would do, or what is wrong with them. Nothing is written."""
    seen, submission = await _look(page), _submission(page)
    wished = wishes(submission, seen.places, seen.locked)
    if (back := _not_yet(page, seen, submission, wished)) is not None:
        return back
    try:
        await page.steering.rehearse(_change(wished.news), version=seen.version)
    except (ConfigError, CannotEdit, UnknownKey, ChangedMeanwhile) as why:
        return await _not_taken(page, submission, why)
    return page.difference(seen, submission, wished.news)


async def _apply(page: SettingsPage) -> web.Response:
    """Write the changes that were shown, and have them taken."""
    seen, submission = await _look(page), _submission(page)
    wished = wishes(submission, seen.places, seen.locked)
    if (back := _not_yet(page, seen, submission, wished)) is not None:
        return back
    by = operator_at(page.request)
    try:
        came = await page.steering.change(_change(wished.news), version=seen.version, by=by)
    except (ConfigError, CannotEdit, UnknownKey, ChangedMeanwhile, OSError) as why:
        return await _not_taken(page, submission, why)
    say_next(page.request, page.session, page.outcome(came, seen, wished.news))
    return see_other(SETTINGS)


async def _try(page: SettingsPage) -> web.Response:
    """Try the changes that were shown on what was last logged, and show them again with what came of it."""
    seen, submission = await _look(page), _submission(page)
    wished = wishes(submission, seen.places, seen.locked)
    if (back := _not_yet(page, seen, submission, wished)) is not None:
        return back
    settings = [f"{wish.place.id}={as_typed(wish.value)}" for wish in wished.news if not wish.place.key]
    log = seen.config.log.file
    if not settings or not log:
        return page.difference(seen, submission, wished.news)
    trials = page.request.app[TRIALS]
    try:
        tried = await trials.run(page.steering.path, Path(log), settings, page.locale)
    except TrialFailed as why:
        failed = Flash(level="error", title=page.say(why.key), lines=tuple(why.detail.splitlines()))
        return page.difference(seen, submission, wished.news, failed=failed)
    return page.difference(seen, submission, wished.news, tried=tried)


def _not_yet(page: SettingsPage, seen: Seen, submission: Submission, wished: Wishes) -> web.Response | None:
    """The form again, where the changes cannot be made as they are; None when they can."""
    if seen.problems:
        return page.form(seen, wished, status=409)
    as_wished = bool(wished.of) and not wished.news and not wished.wrong
    if submission.version != seen.version and not (as_wished and not submission.edit):
        return page.form(seen, wished, page.alert("conflict", page.strange(wished)), status=409)
    if submission.edit:
        return page.form(seen, wished)
    if wished.wrong:
        return page.wrong(seen, wished)
    if len(wished.news) > MOST_AT_ONCE:
        alert = Flash(level="error", title=page.say("too_many", most=MOST_AT_ONCE), advice=page.say("wrong_nothing"))
        return page.form(seen, wished, alert, status=422)
    if not wished.news:
        return page.form(seen, wished, Flash(level="info", title=page.say("same"), advice=page.say("same_advice")))
    return None


async def _not_taken(page: SettingsPage, submission: Submission, why: _NotTaken) -> web.Response:
    """The form again, with why the changes could not be written. What was typed is kept."""
    seen = await _look(page)
    wished = wishes(submission, seen.places, seen.locked)
    match why:
        case ConfigError():
            alert = problems_alert(page.locale, "clash", why.problems)
        case CannotEdit() | OSError():
            alert = not_written(page.locale, why, page.file)
        case _:
            alert = page.alert("conflict", page.strange(wished))
    return page.form(seen, wished, alert, status=409)


async def _look(page: SettingsPage) -> Seen:
    held = page.steering.held()
    try:
        standing = await page.steering.standing()
    except ConfigError as error:
        config = page.request.app[GATEWAY].config
        return Seen(config=config, version="", problems=error.problems, places=places(config), locked=held)
    config = standing.loaded.config
    return Seen(config=config, version=standing.version, problems=(), places=places(config), locked=held)


def _change(news: Sequence[Wish]) -> Callable[[Draft], Draft]:
    """The wishes as a change of the file."""

    def change(draft: Draft) -> Draft:
        return draft.set_all((wish.place.at(draft), wish.place.field, plain(wish.value)) for wish in news)

    return change


def _submission(page: SettingsPage) -> Submission:
    form = page.request[FORM]
    return Submission.of(form)
