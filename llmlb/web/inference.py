"""The queued routes: read the request, wait for a node's reply, pass it on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, web

from llmlb.errors import Refusal
from llmlb.gateway.visit import ReplyBroken, Visit
from llmlb.messages import text
from llmlb.web.body import leave_expectation, read_body
from llmlb.web.faults import FAULTS, locale_of, waiting_headers
from llmlb.web.keys import GATEWAY, REQUEST_ID, VISIT
from llmlb.web.patience import Patience, reset
from llmlb.web.requests import sender
from llmlb.wire.call import read_call
from llmlb.wire.endpoints import ENDPOINTS, Endpoint, Family
from llmlb.wire.envelope import error_data, error_event
from llmlb.wire.headers import to_client, to_node
from llmlb.wire.http1 import ReplyHead
from llmlb.wire.sse import StreamEnd


def routes() -> list[web.RouteDef]:
    """A route for each endpoint; no other path ever reaches a node."""
    return [web.post(endpoint.path, inference(endpoint), expect_handler=leave_expectation) for endpoint in ENDPOINTS]


def inference(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of one endpoint."""

    async def handler(request: web.Request) -> web.StreamResponse:
        gateway = request.app[GATEWAY]
        config = gateway.config
        identity = sender(request)
        with gateway.receive() as hold:
            body = await read_body(request, hold, config.server.body_limit)
            call = read_call(endpoint, request.headers.get("Content-Type", ""), body)
            del body
            await gateway.admissions.turn()
            headers = to_node(request.headers.items(), config.upstream.pass_headers)
            with gateway.enter(request[REQUEST_ID], call, identity, headers, hold) as visit:
                del call  # its body is let go with the reply's first byte
                request[VISIT] = visit
                try:
                    head = await visit.reply()
                except Refusal as refusal:
                    visit.answered(FAULTS[type(refusal)].status)
                    raise
                return await relay(request, visit, head, endpoint.family, config.upstream.write_timeout_secs)

    return handler


async def relay(
    request: web.Request, visit: Visit, head: ReplyHead, family: Family, write_timeout_secs: float
) -> web.StreamResponse:
    """Pass the reply on, all bytes since the last read in one write."""
    response = _Relayed(status=head.status)
    for name, value in to_client(head.headers):
        response.headers.add(name, value)
    response.headers.update(waiting_headers(visit))
    stream = StreamEnd(family) if _is_event_stream(response) else None
    length = next((value for name, value in head.headers if name == "content-length"), "")
    if stream is None and length.isdigit():  # a stream may have to end with an event more
        response.content_length = int(length)
    patience = Patience(request.transport, request.app[GATEWAY].clock, write_timeout_secs, visit.stalled)
    visit.commit()
    try:
        await response.prepare(request)
        while data := await visit.read():
            if stream is not None:
                stream.feed(data)
            await patience.write(len(data), response.write(data))
        await patience.write(0, response.write_eof())
        visit.delivered()
    except ReplyBroken:
        await _cut_short(request, response, stream, family, patience)
    return response


class _Relayed(web.StreamResponse):
    """A response whose head goes out with the first bytes of its body: one segment, one system call."""

    _send_headers_immediately = False


async def _cut_short(
    request: web.Request, response: web.StreamResponse, stream: StreamEnd | None, family: Family, patience: Patience
) -> None:
    """End a broken reply so that nobody takes it for a whole one: say so in a stream, then close without its end."""
    if stream is not None and not stream.finished:
        message = text(locale_of(request, request.app), "stream_broken")
        error = error_data(family, message=message, type="server_error", code="node_failed", number=stream.next_number)
        last = stream.closing(error) + error_event(family, error)
        await patience.write(len(last), response.write(last))
    elif stream is None and request.version < HttpVersion11 and response.content_length is None:
        reset(request.transport)  # an ordinary close would be the end of the reply
        return
    if request.transport is not None:
        request.transport.close()  # what is written is still sent


def _is_event_stream(response: web.StreamResponse) -> bool:
    """Whether an event can be added to the body. `content_type` would give a default where the node gave none."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind == "text/event-stream" and "Content-Encoding" not in response.headers
