"""Parts of the application that are made, and their modules loaded, when somebody first asks for them.

A gateway between programs may never be asked for a page. What pages need would be a good tenth of the time it takes
to start, and of the memory that it has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from aiohttp import web

Make = Callable[[], web.Application]


def add_late(
    app: web.Application,
    load: Callable[[], Make],
    *,
    paths: tuple[str, ...] = (),
    below: tuple[str, ...] = (),
) -> None:
    """Have `app` answer `paths`, and the trees `below` some others, by what `load` has made the first time.

    `load` imports what is needed, in a thread, so that meanwhile streams go on; it returns what makes the application.
    The middlewares of `app` are around it, and it shuts down with `app`; what its handlers find on their application
    is its own. Its routes have their whole paths. It is not told of a start, for there is none.
    """
    late = _Late(load)
    for path in paths:
        app.router.register_resource(_Part(late, path, is_tree=False))
    for path in below:
        app.router.register_resource(_Part(late, path, is_tree=True))
    app.on_shutdown.append(late.shutdown)
    app.on_cleanup.append(late.cleanup)


class _Late:
    """An application that is there from when it is first wanted."""

    def __init__(self, load: Callable[[], Make]) -> None:
        self._load = load
        self._app: web.Application | None = None
        self._over = False

    async def get(self) -> web.Application:
        """The application."""
        if self._app is None:
            make = await asyncio.to_thread(self._load)
            if self._app is None:  # or somebody else has asked meanwhile
                self._app = make()
                self._app.freeze()
                if self._over:  # since it has been wanted: it answers, but nothing in it may go on
                    await self._app.shutdown()
        return self._app

    async def shutdown(self, _: web.Application) -> None:
        """End what still goes on in it."""
        self._over = True
        if self._app is not None:
            await self._app.shutdown()

    async def cleanup(self, _: web.Application) -> None:
        """Give back what it holds."""
        if self._app is not None:
            await self._app.cleanup()


class _Part(web.AbstractResource):
    """One path of it, or all below one."""

    def __init__(self, late: _Late, path: str, *, is_tree: bool) -> None:
        super().__init__()
        self._late = late
        self._path = path
        self._is_tree = is_tree

    @property
    def canonical(self) -> str:
        return self._path

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """Whoever it is in the application that answers, be it that there is nobody. None where it is not ours.

        The router offers us all that is below our path and nobody else's.
        """
        if not (self._is_tree or request.rel_url.path_safe == self._path):
            return None, set()
        app = await self._late.get()
        match = await app.router.resolve(request)
        match.add_app(app)
        return match, set()

    def raw_match(self, path: str) -> bool:
        return path == self._path

    def get_info(self) -> Any:
        return {"path": self._path}

    def url_for(self, **_: str) -> NoReturn:
        raise NotImplementedError

    def add_prefix(self, prefix: str) -> NoReturn:
        raise NotImplementedError

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        return iter(())
