"""Where lines go: together, in order, and never at a request's expense."""

from __future__ import annotations

import io

from llmlb.telemetry.log_sink import MOST_TOGETHER, LogSink
from llmlb.telemetry.record import Record
from tests.unit.telemetry.records import over


class Counted(io.StringIO):
    """Counts how often it is written to, and what of that has been pushed on."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.pushed = ""

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)

    def flush(self) -> None:
        self.pushed = self.getvalue()


class Full(io.StringIO):
    """A full disk."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def line(_: Record) -> str:
    return "request"


def test_as_many_as_may_be_together_are_not_kept_any_longer() -> None:
    stream, sink = Counted(), LogSink()
    sink.turn_to(stream, line)
    for _ in range(MOST_TOGETHER - 1):
        sink.request(over())
    assert stream.writes == 0
    sink.request(over())
    assert (stream.pushed, stream.writes) == ("request\n" * MOST_TOGETHER, 1)


def test_with_nothing_to_tell_nothing_is_written() -> None:
    stream, sink = Counted(), LogSink()
    sink.turn_to(stream, line)
    sink.flush()
    assert stream.writes == 0


def test_another_line_goes_out_with_those_before_it_in_one_piece() -> None:
    stream, sink = Counted(), LogSink()
    sink.turn_to(stream, line)
    sink.request(over())
    sink.msg("stopping")
    assert (stream.pushed, stream.writes) == ("request\nstopping\n", 1)


def test_before_it_has_a_stream_nothing_is_told_and_nothing_kept() -> None:
    stream, sink = Counted(), LogSink()
    assert not sink.tells_requests
    sink.msg("early")
    sink.turn_to(stream, line)
    sink.flush()
    assert stream.writes == 0


def test_what_a_full_disk_does_not_take_is_lost_and_no_error() -> None:
    stream, sink = Counted(), LogSink()
    sink.turn_to(Full(), line)
    sink.request(over())
    sink.flush()
    sink.msg("stopping")
    sink.turn_to(stream, line)
    sink.request(over())
    sink.flush()
    assert stream.pushed == "request\n"
