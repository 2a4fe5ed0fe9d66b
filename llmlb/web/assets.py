"""The page's own files, read once, and the headers that keep a browser from doing anything else with them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import attrs
from aiohttp import web

STATIC = Path(__file__).parent.parent / "static"

SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@attrs.frozen
class Asset:
    """One file as it is sent."""

    content: bytes
    content_type: str
    etag: str

    async def serve(self, request: web.Request) -> web.Response:
        """The file, or 304 to a browser that has this very version."""
        # Asked for again each time, by its tag: modules import each other by plain names, so no two versions may mix.
        headers = SAFE_HEADERS | {"Cache-Control": "no-cache", "ETag": f'"{self.etag}"'}
        if any(tag.value in (self.etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.content, content_type=self.content_type, charset="utf-8", headers=headers)


def add_assets(app: web.Application) -> str:
    """Add a route below `/static/` for each file there is; nothing else below it exists. Returns a tag of them all."""
    all_of_them = hashlib.sha256()
    for file in sorted(STATIC.rglob("*")):
        if file.suffix in _TYPES:
            content = file.read_bytes()
            asset = Asset(content, _TYPES[file.suffix], hashlib.sha256(content).hexdigest()[:16])
            all_of_them.update(content)
            app.router.add_get(f"/static/{file.relative_to(STATIC).as_posix()}", asset.serve)
    return all_of_them.hexdigest()[:16]
