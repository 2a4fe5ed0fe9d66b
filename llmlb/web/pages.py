"""How a page is made: its language, its words, and the headers that keep it safe."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import aiohttp_jinja2
import jinja2
from aiohttp import web

from llmlb.messages import Locale, choose_locale
from llmlb.web.assets import SAFE_HEADERS
from llmlb.web.keys import GATEWAY
from llmlb.web.page_texts import page_text

LANGUAGE_COOKIE = "llmlb_lang"
"""Keeps the language that was chosen by the switch."""
_REMEMBERED_SECS = 365 * 86400
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def add_pages(app: web.Application) -> None:
    """Let `app` render pages."""
    app[aiohttp_jinja2.APP_KEY] = _TEMPLATES


def compile_templates(*folders: str) -> None:
    """Have those in `folders` ready; "" is the outermost. Takes too long to be done where requests are waited for."""
    for name in _TEMPLATES.list_templates(filter_func=lambda name: name.rpartition("/")[0] in folders):
        _TEMPLATES.get_template(name)


def page_locale(request: web.Request) -> Locale:
    """The language of a page: the one asked for, the one chosen before, the browser's, the configured one."""
    for asked in (request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in ("ja", "en"):
            return cast(Locale, asked)
    return choose_locale(request.headers.get("Accept-Language"), request.app[GATEWAY].config.server.locale)


def render(request: web.Request, template: str, context: dict[str, Any], status: int = 200) -> web.Response:
    """The page, in the language of its reader. Templates find `locale`, `other` and `t`, the words of the page."""
    locale = page_locale(request)
    words = {"locale": locale, "other": "en" if locale == "ja" else "ja", "t": partial(page_text, locale)}
    response = aiohttp_jinja2.render_template(template, request, words | context, status=status)
    response.headers.update(SAFE_HEADERS)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = locale
    response.headers["Vary"] = "Accept-Language, Cookie"
    if request.query.get("lang") == locale:
        response.set_cookie(LANGUAGE_COOKIE, locale, max_age=_REMEMBERED_SECS, samesite="Lax", httponly=True)
    return response
