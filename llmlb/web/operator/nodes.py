"""`/operator/nodes/...`: nodes are drained and resumed, in the configuration file as by `llmlb nodes`."""

from __future__ import annotations

from functools import partial
from typing import Literal

from aiohttp import web

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import ChangedMeanwhile
from llmlb.config.node_edits import FoundNode, UnknownNode, change_node, find_node, keep_found
from llmlb.config.problems import ConfigError
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.steering import Steering
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.keys import GATEWAY, STEERING
from llmlb.web.operator.edit_flashes import alert, not_written, problems_alert, taken
from llmlb.web.operator.flashes import Flash, say_next
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
    given = request[FORM].get("node", "")[:LONGEST]
    if steering is None:
        flash = alert(locale, "no_file")
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
        return alert(locale, "node_unknown", name=name)
    except ConfigError as error:
        return problems_alert(locale, "broken", error.problems)
    except ChangedMeanwhile:
        return alert(locale, "node_conflict")
    except (CannotEdit, OSError) as why:
        return not_written(locale, why, steering.path)
    done = "node_drained" if what == "drain" else "node_resumed"
    if not changed:
        return Flash(level="info", title=say(f"{done}_before", name=printable(name)))
    lines = (say("node_kept", names=", ".join(node.name for node in found)),) if kept else ()
    return taken(locale, came, Flash(level="good", title=say(done, name=printable(name)), lines=lines))


def _wanted(gateway: Gateway, given: str) -> str:
    """What the file calls the node: its URL, where the gateway knows it; names and ids may have changed hands."""
    by_id = {member.node.id: member.node.config.url for member in gateway.fleet}
    return by_id.get(given, given)


def _found(gateway: Gateway) -> list[FoundNode]:
    """The nodes that were found without being configured."""
    if gateway.config.nodes:
        return []
    return [FoundNode(config.name, config.url) for config in gateway.fleet.configs()]
