"""The desk in the words and figures of its page.

The one place where they are put together: the first paint and every later event show the same values, so the browser
needs to know no language and no rule. What changes at its own pace is an event of its own.
"""

from __future__ import annotations

import attrs

from llmlb.gateway.desk import Desk
from llmlb.gateway.overview import Overview
from llmlb.messages import Locale
from llmlb.web.notices import Notice, notices
from llmlb.web.operator.desk_figures import measured, number
from llmlb.web.operator.desk_keys import Keys, keys
from llmlb.web.operator.desk_nodes import Nodes, nodes
from llmlb.web.operator.desk_past import Band, Past
from llmlb.web.operator.desk_requests import Requests, requests
from llmlb.web.operator.desk_texts import desk_text
from llmlb.web.page_texts import page_text


@attrs.frozen(kw_only=True)
class Head:
    """The totals, and how things stand."""

    title: str
    notices: tuple[Notice, ...]
    waiting: str
    waiting_of: str
    processing: str
    processing_of: str
    avg_wait: str
    turned_away: str


@attrs.frozen(kw_only=True)
class DeskPanel:
    """All that changes on the desk, by section."""

    head: Head
    requests: Requests
    keys: Keys
    nodes: Nodes
    past: tuple[Band, ...]


def desk_panel(desk: Desk, past: Past, locale: Locale, find: str = "") -> DeskPanel:
    """What the page shows for `desk`, whose requests are those that `find` means. `past`: what was drawn before."""
    return DeskPanel(
        head=_head(desk.overview, locale),
        requests=requests(desk, locale, find),
        keys=keys(desk, locale),
        nodes=nodes(desk, locale),
        past=past.bands(desk, locale),
    )


def _head(overview: Overview, locale: Locale) -> Head:
    hour, count = overview.hour, len(overview.nodes)
    nodes_key = "processing_of_one" if count == 1 else "processing_of"
    return Head(
        title=desk_text(locale, "title", waiting=overview.waiting, processing=overview.processing),
        notices=notices(overview, locale),
        waiting=number(overview.waiting),
        waiting_of=page_text(locale, "waiting_of", max_size=number(overview.max_size)),
        processing=number(overview.processing),
        processing_of=page_text(locale, nodes_key, nodes=number(count)),
        avg_wait=measured(hour.avg_wait_time_ms / 1000, locale),
        turned_away=f"{number(hour.rejected_count)} / {number(hour.timeout_count)}",
    )
