from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from llmlb.config.model import Log
from llmlb.simulate.flaws import InputError
from llmlb.simulate.history import read_history
from llmlb.simulate.trace import Recorded
from llmlb.telemetry.logs import RequestLog, configure, flush
from llmlb.telemetry.record import Outcome, Record
from llmlb.testing import ManualClock

LINE = {
    "time": "2026-03-01T12:00:30.000000Z",
    "level": "info",
    "event": "request",
    "id": "r1",
    "key": "alice",
    "model": "m",
    "wait": 4.0,
    "service": 6.0,
    "outcome": "served",
}


def line(**changed: Any) -> str:
    return msgspec.json.encode(LINE | changed).decode() + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "llmlb.log"


def read(file: Path, text: str) -> Recorded:
    file.write_text(text, encoding="utf-8")
    return read_history(file, seed=1)


def flaws(file: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(file, text)
    return [flaw.text("en").removeprefix(str(file)) for flaw in caught.value.flaws]


def test_a_request_came_its_service_and_wait_before_its_line(file: Path) -> None:
    recorded = read(file, line(time="2026-03-01T12:00:31Z", key="bob", wait=0.0, service=1.0) + line())
    assert [(arrival.at, arrival.job.key, arrival.job.secs) for arrival in recorded.arrivals] == [
        (0.0, "alice", 6.0),
        (10.0, "bob", 1.0),
    ]
    assert (recorded.keyed, recorded.late, recorded.arrivals[0].job.model) == (True, 0, "m")


def test_other_lines_are_skipped_and_counted(file: Path) -> None:
    others = '{"event":"node","time":"x"}\nplain text\n\n{"event":"request"\n["request"]\n{"a":"request"}\n'
    recorded = read(file, others + line())
    assert (len(recorded.arrivals), recorded.skipped) == (1, 5)


def test_what_no_node_served_takes_what_others_of_its_key_and_model_took(file: Path) -> None:
    served = line(service=2.0) + line(key="bob", service=9.0) + line(key="bob", model="big", service=70.0)
    lost = line(key="alice", wait=0.0, service=None, outcome="rejected")
    other = line(key="carol", model="big", wait=60.0, service=None, outcome="timed_out")
    strange = line(key="carol", model="new", wait=0.0, service=None, outcome="failed")
    secs = [arrival.job.secs for arrival in read(file, served + lost + other + strange).arrivals]
    assert secs.count(2.0) >= 2
    assert secs.count(70.0) >= 2
    assert len(secs) == 6
    assert set(secs) == {2.0, 9.0, 70.0}


def test_a_client_that_hung_up_while_it_waited_is_as_impatient_again(file: Path) -> None:
    left = line(wait=3.0, service=None, outcome="cancelled")
    cut = line(wait=3.0, service=1.5, outcome="cancelled")
    jobs = [arrival.job for arrival in read(file, line() + left + cut).arrivals]
    assert [job.patience for job in jobs].count(3.0) == 1
    assert 1.5 in [job.secs for job in jobs if job.patience is None]


def test_sizes_and_tokens_are_taken_where_they_are_logged(file: Path) -> None:
    served = line(size=400, tokens=90)
    lost = line(wait=0.0, service=None, outcome="rejected", size=800, tokens=None)
    first, second = sorted(read(file, served + lost).arrivals, key=lambda arrival: arrival.at)
    assert (first.job.size, first.job.tokens) == (400, 90)
    assert (second.job.size, second.job.tokens, second.job.secs) == (800, 90, 6.0)
    assert flaws(file, line(size=-1, tokens=1.5)) == [
        ':1: size = "-1": must be a whole number from 0 to 1000000000000.',
        ':1: tokens = "1.5": must be a whole number from 0 to 1000000000000.',
    ]


def test_requests_without_a_key_are_one_flow(file: Path) -> None:
    assert read(file, line(key="-")).arrivals[0].job.key == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"time": "yesterday"}, ':1: time = "\\"yesterday\\"": must be a date and time of ISO 8601.'),
        ({"time": 5}, ':1: time = "5": must be a date and time of ISO 8601.'),
        ({"wait": -1}, ':1: wait = "-1": must be a number from 0 to 1000000.'),
        ({"wait": None}, ':1: wait = "null": must be a number from 0 to 1000000.'),
        ({"service": "6"}, ':1: service = "\\"6\\"": must be a number from 0 to 1000000.'),
        ({"service": True}, ':1: service = "true": must be a number from 0 to 1000000.'),
        ({"key": None}, ':1: key = "null": must be a text.'),
        ({"model": 7}, ':1: model = "7": must be a text.'),
        (
            {"outcome": "lost"},
            ':1: outcome = "\\"lost\\"": must be one of served, rejected, timed_out, cancelled, failed.',
        ),
    ],
)
def test_a_bad_line_is_told_with_its_number_field_and_value(file: Path, changed: dict[str, Any], said: str) -> None:
    assert flaws(file, line(**changed)) == [said]


def test_a_line_number_counts_all_lines(file: Path) -> None:
    assert [said.split(" ")[0] for said in flaws(file, "x\n" + line() + "\n" + line(wait=-1, model=None))] == [
        ":4:",
        ":4:",
    ]


def test_a_log_without_requests_or_without_one_that_was_served_is_refused(file: Path) -> None:
    assert flaws(file, "hello\n") == [': no line of a request in it; give a log written with [log] format = "json".']
    assert flaws(file, line(service=None, outcome="rejected")) == [
        ": no request in it reached a node, so nothing is known of how long they take."
    ]


def test_times_may_have_an_offset_or_none(file: Path) -> None:
    recorded = read(file, line(time="2026-03-01T21:00:30+09:00") + line(time="2026-03-01T12:00:30", key="bob"))
    assert [arrival.at for arrival in recorded.arrivals] == [0.0, 0.0]


def test_what_llmlb_logs_can_be_replayed(file: Path) -> None:
    stream = io.StringIO()
    before = structlog.get_config()
    try:
        configure(Log(format="json"), stream=stream)
        requests = RequestLog(ManualClock())
        for at, waited in ((5.0, 2.0), (5.0, 0.0)):
            requests.add(
                Record(
                    id="r", at=at, key_name="alice", path="/v1/chat/completions", model="m", outcome=Outcome.SERVED,
                    status=200, waited=waited, reached_node=True, node="n", service=3.0, attempts=1,
                )
            )  # fmt: skip
        flush()
    finally:
        structlog.configure(**before)
    recorded = read(file, stream.getvalue())
    assert [arrival.job.secs for arrival in recorded.arrivals] == [3.0, 3.0]
    assert recorded.arrivals[1].at == pytest.approx(2.0)


def test_a_line_torn_within_a_character_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "llmlb.log"
    whole = b'{"time":"2026-03-01T12:00:30Z","event":"request","key":"a","model":"m",'
    whole += b'"wait":0,"service":2,"outcome":"served"}'
    file.write_bytes(whole[:56] + b"\xe6\x97\n" + whole + b"\n")
    recorded = read_history(file, 1)
    assert (len(recorded.arrivals), recorded.skipped) == (1, 1)
