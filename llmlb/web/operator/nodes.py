"""`/operator/nodes/...`: nodes are drained and resumed, in the configuration file as by `llmlb nodes`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from aiohttp import web

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import ChangedMeanwhile
from llmlb.config.node_edits import FoundNode, UnknownNode, change_node, find_node, keep_found
from llmlb.config.problems import ConfigError
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.reload import Reload
from llmlb.gateway.steering import Steering
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.keys import GATEWAY, STEERING
from llmlb.web.operator.flashes import Flash, Level, say_next
from llmlb.web.operator.guard import FORM, operator_at, signed_in
from llmlb.web.operator.pages import DESK, see_other
from llmlb.web.operator.sessions import Session
from llmlb.web.operator.settings_texts import settings_text
from llmlb.web.pages import page_locale

DRAIN, RESUME = f"{DESK}/nodes/drain", f"{DESK}/nodes/resume"
BACK = f"{DESK}#nodes"
LONGEST = 300
"""Characters of a name or id that are looked at."""

What = Literal["drain", "resume"]


def add_nodes(app: web.Application) -> None:
    """Add the forms to `app`, which must have its `GATEWAY`, `STEERING` and `SESSIONS`."""
    app.router.add_post(DRAIN, signed_in(partial(_change, "drain")))
    app.router.add_post(RESUME, signed_in(partial(_change, "resume")))


async def _change(what: What, request: web.Request, session: Session) -> web.StreamResponse:
    """Drain or resume the node that the form names, by name or id, and go back to the desk."""
    gateway, steering, locale = request.app[GATEWAY], request.app[STEERING], page_locale(request)
    given = request[FORM].get("node")[:LONGEST]
    if steering is None:
        flash = _alert(locale, "no_file")
    else:
        flash = await _edit(what, given, gateway, steering, locale, operator_at(request))
    say_next(request, session, flash)
    return see_other(BACK)


async def _edit(what: What, given: str, gateway: Gateway, steering: Steering, locale: Locale, by: str) -> Flash:
    """Change the file. Returns what is to be told."""
    say = partial(settings_text, locale)
    wanted, found = _wanted(gateway, given), _found(gateway)
    name, kept, changed = printable(given), False, False

    def change(draft: Draft) -> Draft:
        nonlocal name, kept, changed
        with_found = keep_found(draft, found)
        index, name = find_node(with_found, wanted)
        after = change_node(with_found, index, what)
        changed = after is not with_found
        kept = changed and with_found is not draft
        return after if changed else draft

    try:
        came = await steering.change(change, version=None, by=by)
    except UnknownNode:
        return _alert(locale, "node_unknown", name=name)
    except ConfigError as error:
        return _alert(locale, "broken", [problem.text(locale) for problem in error.problems])
    except CannotEdit:
        return _alert(locale, "cannot_edit", file=steering.path)
    except ChangedMeanwhile:
        return _alert(locale, "conflict")
    except OSError as error:
        return _alert(locale, "cannot_write", problem=error.strerror or type(error).__name__, file=steering.path)
    done = say("node_drained" if what == "drain" else "node_resumed", name=printable(name))
    if not changed:
        before = say("node_drained_before" if what == "drain" else "node_resumed_before", name=printable(name))
        return Flash(level="info", title=before)
    lines = [say("node_kept", names=", ".join(node.name for node in found))] if kept else []
    return _outcome(locale, came, done, lines)


def _outcome(locale: Locale, came: Reload, done: str, lines: Sequence[str]) -> Flash:
    if came.problems:
        return _alert(locale, "not_taken", [problem.text(locale) for problem in came.problems])
    if came.stopping:
        advice = settings_text(locale, "stopping_advice")
        return Flash(level="warning", title=settings_text(locale, "stopping"), advice=advice)
    return Flash(level="good", title=done, lines=tuple(lines))


def _wanted(gateway: Gateway, given: str) -> str:
    """What the file calls the node: its URL, where the gateway knows it; names and ids may have changed hands."""
    by_id = {member.node.id: member.node.config.url for member in gateway.fleet}
    return by_id.get(given, given)


def _found(gateway: Gateway) -> list[FoundNode]:
    """The nodes that were found without being configured."""
    if gateway.config.nodes:
        return []
    return [FoundNode(config.name, config.url) for config in gateway.fleet.configs()]


def _alert(locale: Locale, key: str, lines: Sequence[str] = (), **values: Any) -> Flash:
    shown = {name: printable(str(value)) for name, value in values.items()}
    advice = settings_text(locale, f"{key}_advice", **shown)
    level: Level = "error"
    return Flash(level=level, title=settings_text(locale, key, **shown), advice=advice, lines=tuple(lines))
