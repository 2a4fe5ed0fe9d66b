"""One request and its reply: plain state."""

from __future__ import annotations

from llmlb.config.model import NodeConfig
from llmlb.nodes.end import COMPLETE, End, EndKind
from llmlb.nodes.exchange import HIGH_WATER, Exchange
from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.http1 import ReplyHead
from llmlb.wire.usage import TokenMeter


class Request:
    id = "r"

    def pieces(self, node: NodeConfig, node_block: bytes) -> tuple[bytes, ...]:
        return ()


class Both:
    """Listener and carrier, writing down what they are told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def stirred(self) -> None:
        self.told.append("stirred")

    def crashed(self, bug: Exception) -> None:
        raise bug

    def ended(self, exchange: Exchange, end: End) -> None:
        self.told.append(f"ended {end.kind.value}")

    def abort(self, exchange: Exchange, reason: str) -> None:
        self.told.append(f"abort {reason}")

    def resume(self, exchange: Exchange) -> None:
        self.told.append("resume")


def started() -> tuple[Exchange, Both]:
    both = Both()
    exchange = Exchange(Request(), both, 1.0, TokenMeter(ENDPOINTS[0], 40))
    exchange.carrier = both
    return exchange, both


def test_it_has_begun_with_its_head_and_a_byte_or_its_end() -> None:
    exchange, _ = started()
    assert not exchange.begun
    exchange.start(ReplyHead(200, ()))
    assert not exchange.begun
    exchange.feed(b"x")
    assert exchange.begun
    empty, _ = started()
    empty.start(ReplyHead(204, ()))
    empty.over(COMPLETE)
    assert empty.begun


def test_taking_gives_everything_once() -> None:
    exchange, both = started()
    exchange.feed(b"a")
    exchange.feed(b"b")
    assert (exchange.take(), exchange.take()) == (b"ab", b"")
    assert both.told == [], "whoever feeds it tells when all else is done"


def test_it_holds_what_came_until_that_is_taken() -> None:
    exchange, both = started()
    exchange.feed(b"x" * HIGH_WATER)
    exchange.feed(b"x")
    assert exchange.held == HIGH_WATER + 1
    exchange.paused = True
    exchange.take()
    assert (both.told[-1], exchange.paused) == ("resume", False)
    assert exchange.held == 0


def test_taking_after_the_end_resumes_nobody() -> None:
    exchange, both = started()
    exchange.feed(b"x")
    exchange.paused = True
    exchange.over(COMPLETE)
    assert exchange.take() == b"x"
    assert "resume" not in both.told


def test_aborting_after_the_end_is_nothing() -> None:
    exchange, both = started()
    exchange.abort("left")
    exchange.over(End(EndKind.ABORTED, "left"))
    exchange.abort("again")
    assert both.told == ["abort left", "ended aborted"]


def test_aborting_before_anyone_carries_it_is_nothing() -> None:
    Exchange(Request(), Both(), 1.0, TokenMeter(ENDPOINTS[0], 40)).abort("left")


def test_it_tells_what_the_reply_has_cost_so_far_also_what_nobody_has_taken() -> None:
    exchange, _ = started()
    costs = [exchange.tokens]
    exchange.start(ReplyHead(200, (("content-type", "text/event-stream"),)))
    for _ in range(2):
        exchange.feed(b'data: {"choices":[]}\n\n')
        costs.append(exchange.tokens)
    exchange.over(End(EndKind.BROKEN, "reset"))
    assert [*costs, exchange.tokens] == [None, 11, 12, 12]
    assert exchange.take()
