"""Parts of an application that are made when somebody asks for them."""

from __future__ import annotations

import asyncio
import threading

import pytest
from aiohttp import web
from aiohttp.pytest_plugin import AiohttpClient
from aiohttp.typedefs import Handler

from llmlb.testing import eventually
from llmlb.web.late import Make, add_late

_WORD = web.AppKey("word", str)


class Part:
    """What is made, and how often; what became of it."""

    def __init__(self) -> None:
        self.loaded = self.made = 0
        self.ended: list[str] = []

    def load(self) -> Make:
        self.loaded += 1
        return self.make

    def make(self) -> web.Application:
        self.made += 1
        app = web.Application()
        app[_WORD] = "late"
        app.router.add_get("/", self._word)
        app.router.add_get("/tree/{leaf}", self._word)
        app.router.add_post("/tree/{leaf}", self._word)
        app.on_shutdown.append(self._shutdown)
        app.on_cleanup.append(self._cleanup)
        return app

    async def _word(self, request: web.Request) -> web.Response:
        return web.Response(text=f"{request.app[_WORD]} {request.match_info.get('leaf', '')}")

    async def _shutdown(self, _: web.Application) -> None:
        self.ended.append("shutdown")

    async def _cleanup(self, _: web.Application) -> None:
        self.ended.append("cleanup")


def around(part: Part) -> web.Application:
    """An application with a path of its own, and middleware, around the part."""

    @web.middleware
    async def marked(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, headers={"X-Around": request.app[_WORD]})
        response.headers["X-Around"] = request.app[_WORD]
        return response

    async def early(_: web.Request) -> web.Response:
        return web.Response(text="early")

    app = web.Application(middlewares=[marked])
    app[_WORD] = "around"
    app.router.add_get("/v1/early", early)
    add_late(app, part.load, paths=("/",), below=("/tree",))
    return app


async def test_nothing_is_made_for_others(aiohttp_client: AiohttpClient) -> None:
    part = Part()
    client = await aiohttp_client(around(part))
    assert await (await client.get("/v1/early")).text() == "early"
    for path in ("/v1", "/v1/none", "/trees", "/treetop/x"):
        assert (await client.get(path)).status == 404, path
    await client.close()
    assert (part.loaded, part.made, part.ended) == (0, 0, [])


async def test_all_who_ask_while_it_is_loaded_get_the_same(aiohttp_client: AiohttpClient) -> None:
    part = Part()
    client = await aiohttp_client(around(part))
    answers = await asyncio.gather(*(client.get("/tree/a") for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    assert part.made == 1


async def test_the_loop_goes_on_while_it_is_loaded(aiohttp_client: AiohttpClient) -> None:
    part, go_on = Part(), threading.Event()

    def load() -> Make:
        assert go_on.wait(10)
        return part.make

    app = web.Application()
    add_late(app, load, below=("/",))
    client = await aiohttp_client(app)
    asked = asyncio.create_task(client.get("/tree/a"))
    asyncio.get_running_loop().call_later(0.01, go_on.set)
    assert (await asked).status == 200


async def test_what_is_still_being_loaded_when_all_ends_is_ended_too(aiohttp_client: AiohttpClient) -> None:
    part, loading, go_on = Part(), threading.Event(), threading.Event()

    def load() -> Make:
        loading.set()
        assert go_on.wait(10)
        return part.make

    async def ending(_: web.Application) -> None:
        go_on.set()

    app = web.Application()
    add_late(app, load, below=("/",))
    app.on_shutdown.append(ending)
    client = await aiohttp_client(app)
    asked = asyncio.create_task(client.get("/tree/a"))
    await eventually(loading.is_set, "it is being loaded")
    await client.server.close()
    assert (await asked).status == 200
    assert part.ended == ["shutdown", "cleanup"]


async def test_it_is_made_once_and_answers_as_a_part_of_the_whole(aiohttp_client: AiohttpClient) -> None:
    part = Part()
    client = await aiohttp_client(around(part))
    for path, text in (("/", "late "), ("/tree/a", "late a"), ("/tree/b?c=d", "late b")):
        response = await client.get(path)
        assert (response.status, await response.text()) == (200, text)
        assert response.headers["X-Around"] == "around"
    assert part.made == 1
    await client.close()
    assert part.ended == ["shutdown", "cleanup"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/tree", 404), ("GET", "/tree/a/b", 404), ("POST", "/", 405), ("PUT", "/tree/a", 405), ("HEAD", "/", 200)],
)
async def test_what_it_does_not_have_it_refuses_as_any_application_does(
    aiohttp_client: AiohttpClient, method: str, path: str, status: int
) -> None:
    client = await aiohttp_client(around(Part()))
    response = await client.request(method, path)
    assert (response.status, response.headers["X-Around"]) == (status, "around")
