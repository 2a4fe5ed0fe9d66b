"""The program under hostile clients (H2, H3, H6, H7): others are served meanwhile, and nothing of it stays."""

from __future__ import annotations

import asyncio
import gzip
import resource
from pathlib import Path

from llmlb.testing import eventually
from llmlb.testing.waiting import within
from llmlb.wire.endpoints import ENDPOINTS
from tests.process.caller import CHAT, Caller, chat_body, request_bytes
from tests.process.conftest import Serve
from tests.process.program import Gateway

SECRET = b"sk-secret"
CHUNKED = b"POST %b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % CHAT.encode()
MEGABYTE = 2**20


def json_of(prefix: bytes, size: int) -> bytes:
    """A request of that size whose JSON begins so."""
    return request_bytes(prefix.ljust(size, prefix[-1:]))


FLOODS = {
    "a head of 10 MB": b"GET / HTTP/1.1\r\nX: " + SECRET * MEGABYTE,
    "thousands of headers": b"GET / HTTP/1.1\r\n" + b"X-A: sk-secret\r\n" * 100_000,
    "a chunk extension of 10 MB": CHUNKED + b"1;" + SECRET * MEGABYTE,
    "the same where nobody wants a body": CHUNKED.replace(b"POST", b"GET") + b"1;" + SECRET * 10_000,
    "trailers without end": CHUNKED + b"0\r\n" + b"X-A: sk-secret\r\n" * 300_000,
    "chunks of one byte": CHUNKED + b"1\r\n{\r\n" * 200_000 + b"0\r\n\r\n",
    "chunks over the limit": CHUNKED + b"100000\r\n%b\r\n" % (b" " * MEGABYTE) * 5,
    "a length over the limit": request_bytes(b" " * 5 * MEGABYTE),
    "an escape for every letter": json_of(b'{"model":"' + b"\\u0041" * 300_000 + b'"}', 2 * MEGABYTE),
    "100,000 arrays": json_of(b'{"model":"m","x":' + b"[" * 100_000, 200_000),
    "a million objects": json_of(b'{"a":' * 200_000, MEGABYTE),
    "a number of a megabyte": json_of(b'{"model":"m","x":1', MEGABYTE),
    "a model name of a megabyte": request_bytes(chat_body("sk-secret" * 100_000)),
    "a thousand requests in a row": request_bytes(method="GET", path="/sk-secret") * 1000,
    "a gzip bomb": request_bytes(gzip.compress(b" " * 100 * MEGABYTE), headers=[("Content-Encoding", "gzip")]),
    "empty lines": b"\r\n" * MEGABYTE,
    "noise": bytes(range(256)) * 4096,
    "TLS": b"\x16\x03\x01" + SECRET * 100_000,
}  # fmt: skip


async def flood(gateway: Gateway, data: bytes) -> bytes:
    """What comes back for so much, until the gateway has had enough or answered; who does not read it is not us."""
    caller = await gateway.connect()
    try:
        await caller.send(data)
        return await caller.reads(b"\r\n\r\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
    finally:
        await caller.close()


def resident_mb(gateway: Gateway) -> float:
    """The memory the program uses."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def connections(gateway: Gateway) -> int:
    """How many descriptors the program has open."""
    return len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


async def test_no_flood_gets_more_than_a_refusal_or_leaves_anything_behind(serve: Serve) -> None:
    gateway = await serve(server={"body_limit": 4 * MEGABYTE, "locale": "en"})
    gateway.node.auto()
    regular = await gateway.connect()

    async def served() -> None:
        await regular.send(request_bytes(chat_body()))
        assert (await regular.reply()).status == 200

    await served()
    before = connections(gateway)
    memory: list[float] = []
    for _ in range(4):
        for name, data in FLOODS.items():
            head, _ = await asyncio.gather(flood(gateway, data), served())
            assert head == b"" or head.split(b" ")[1] in {b"400", b"404", b"405", b"413", b"415", b"431"}, (name, head)
        memory.append(resident_mb(gateway))
    await eventually(lambda: connections(gateway) <= before, "all connections are closed")
    assert memory[-1] - memory[1] < 10, f"it grows: {memory}"
    assert memory[-1] < 250, memory
    assert SECRET.decode() * 20 not in gateway.err, "a name is shortened"
    assert max(map(len, gateway.err.splitlines())) < 2000
    shown = [line for line in gateway.log if "sk-secret" in str(line)]
    assert {line["event"] for line in shown} <= {"request"}, "only the name of a model is ever written down"
    metrics = (await gateway.get("/metrics")).body
    assert SECRET not in metrics


async def test_two_hundred_slow_heads_hold_up_nobody(serve: Serve) -> None:
    gateway = await serve()
    gateway.node.auto()
    head = request_bytes(method="GET", path="/")
    slow = [await gateway.connect() for _ in range(200)]
    for byte in head[:20]:
        for one in slow:
            await one.send(bytes((byte,)))
        caller = await gateway.call("regular")
        assert (await caller.reply(2)).status == 200
        assert (await gateway.get("/")).status == 200
        assert (await gateway.get("/metrics")).status == 200
        await caller.close()
    await gateway.counts(waiting=0, processing=0)
    for one in slow[:5]:  # they were slow, not broken
        await one.send(head[20:])
        assert (await one.reply()).status == 200


async def test_stalled_bodies_take_no_place_in_the_queue(serve: Serve) -> None:
    gateway = await serve(queue={"max_size": 1}, server={"waiting_bytes": 100_000})
    begun = request_bytes(b'{"model":"m"}'.ljust(90_000))[:300]
    for _ in range(50):
        await (await gateway.connect()).send(begun)
    assert (await gateway.stats())["waiting_count"] == 0
    gateway.node.auto()
    assert (await (await gateway.call("whole")).reply()).status == 200


async def test_more_connections_than_the_system_allows_are_told_so_and_do_no_harm(serve: Serve) -> None:
    gateway = await serve(server={"max_connections": 900})
    gateway.node.auto()
    regular = await gateway.connect()
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (450, 450))
    await gateway.freeze()  # so that all of them are there at the same moment, however fast the machine is
    crowd = [await Caller.connect(gateway.port) for _ in range(600)]
    gateway.thaw()
    try:
        await gateway.told("too many connections")
        await regular.send(request_bytes(chat_body()))
        assert (await regular.reply()).status == 200
    finally:
        for one in crowd:
            await one.close()
    await within(10, gets_in(gateway), lambda: "there is room again")


async def gets_in(gateway: Gateway) -> None:
    """Wait until a new connection is served."""
    while (await gateway.get("/healthz")).status != 200:
        pass


async def test_the_keys_and_models_of_thousands_of_strangers_are_forgotten(serve: Serve) -> None:
    """H7: what is kept for a key or a name of a model that a client made up is bounded."""
    gateway = await serve()
    gateway.node.auto()
    memory = []
    for batch in range(3):
        caller = await gateway.connect()
        for number in range(700):
            key = f"sk-{batch}-{number}"
            body = chat_body("m" if number % 2 else f"made-up-{key}")
            await caller.send(request_bytes(body, headers=[("Authorization", f"Bearer {key}")]))
            assert (await caller.reply()).status == (200 if number % 2 else 404)
        memory.append(resident_mb(gateway))
        await caller.close()
    assert memory[2] - memory[1] < 4, memory
    metrics = (await gateway.get("/metrics")).body.decode()
    assert len(metrics.splitlines()) < 1500
    assert "made-up" not in metrics
    assert "sk-" not in metrics + gateway.err.replace("made-up-sk-", "")


async def test_no_path_that_is_not_ours_reaches_a_node(serve: Serve) -> None:
    """H1: the nodes' own routes are not to be had, and every route of ours is listed."""
    gateway = await serve()
    ours = {endpoint.path for endpoint in ENDPOINTS}
    assert CHAT in ours
    for path in ("/api/pull", "/api/delete", "/api/generate", "/slots", "/v1/load", "/props", "/shutdown", "/docs"):
        for method in ("GET", "POST", "DELETE"):
            caller = await gateway.connect()
            await caller.send(request_bytes(b"{}" if method == "POST" else b"", method=method, path=path))
            assert (await caller.reply()).status == 404
            await caller.close()
    assert gateway.node.seen == []
