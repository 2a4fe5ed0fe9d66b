from __future__ import annotations

from statistics import fmean, pstdev

import pytest

from llmlb.simulate.flaws import InputError
from llmlb.simulate.mix import make_mix
from llmlb.simulate.workload import Lengths

NAMED = "a name of 1 to 64 printable characters, without spaces around it."


def flaws(*specs: str, length: float = 100.0) -> list[str]:
    with pytest.raises(InputError) as caught:
        make_mix(specs, length, 1)
    return [flaw.text("en") for flaw in caught.value.flaws]


def test_a_rate_makes_arrivals_of_about_that_many_a_second() -> None:
    workload = make_mix(["alice: rate=2, mean=3, cv=0.5, model=m"], 5000.0, 1)
    arrivals = workload.arrivals
    assert len(arrivals) == pytest.approx(10_000, rel=0.05)
    assert workload.keys == {"alice"}
    assert workload.models == ("m",)
    secs = [arrival.job.secs for arrival in arrivals]
    assert fmean(secs) == pytest.approx(3.0, rel=0.05)
    assert pstdev(secs) / fmean(secs) == pytest.approx(0.5, rel=0.1)
    assert [arrival.at for arrival in arrivals] == sorted(arrival.at for arrival in arrivals)
    assert 0 < arrivals[0].at <= arrivals[-1].at <= 5000.0


def test_bursts_come_all_at_once_every_so_often() -> None:
    workload = make_mix(["b: burst=3, every=40, start=10, stop=100"], 1000.0, 1)
    assert [arrival.at for arrival in workload.arrivals] == [50.0] * 3 + [90.0] * 3


def test_a_closed_client_draws_the_same_requests_each_time() -> None:
    workload = make_mix(["c: closed=4, mean=5, cap=6, patience=9, tokens_per_sec=10"], 60.0, 1)
    (client,) = workload.closed
    assert (client.key, client.count, client.start, client.stop) == ("c", 4, 0.0, 60.0)
    first, again = client.jobs(), client.jobs()
    jobs = [next(first) for _ in range(100)]
    assert jobs == [next(again) for _ in range(100)]
    assert max(job.secs for job in jobs) == 6.0
    assert {job.patience for job in jobs} == {9.0}
    assert all(job.tokens == round(10 * job.secs) for job in jobs)


def test_several_keys_of_a_kind_differ_in_their_draws() -> None:
    workload = make_mix(["light: rate=1, keys=3"], 50.0, 1)
    assert workload.keys == {"light-1", "light-2", "light-3"}
    times = {key: [a.at for a in workload.arrivals if a.job.key == key] for key in workload.keys}
    assert len({tuple(line) for line in times.values()}) == 3


def test_the_seed_decides_everything() -> None:
    one, same, other = (make_mix(["a: rate=1", "b: burst=2, every=9"], 50.0, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_without_variation_every_service_takes_the_mean() -> None:
    assert {a.job.secs for a in make_mix(["a: rate=1, mean=4, cv=0"], 50.0, 1).arrivals} == {4.0}
    assert make_mix(["a: closed=1"], 50.0, 1).closed[0].lengths == Lengths(5.0, 0.8, 100.0)


def test_what_is_wrong_is_told_by_option_field_and_value() -> None:
    assert flaws("a: rate=fast, mean=-1") == [
        '--mix a: rate = "fast": must be a number from 0.0001 to 100000.',
        '--mix a: mean = "-1": must be a number from 0.001 to 100000.',
    ]
    known = "Known here: rate, closed, burst, every, mean, cv, cap, model, keys, tokens_per_sec, patience, start, stop."
    assert flaws("a: rate=1, maen=3, zzz=1, mean") == [
        f'--mix a: "maen=3": unknown field; did you mean mean? {known}',
        f'--mix a: "zzz=1": unknown field. {known}',
        f'--mix a: "mean": unknown field. {known}',
    ]
    assert flaws("a: rate=1, rate=2") == ["--mix a: rate: this field is given twice."]
    assert flaws(": rate=1")[0] == ('--mix: ": rate=1": must be "NAME: field=value, ...", with ' + NAMED)
    assert flaws("a rate=1") == ['--mix: "a rate=1": must be "NAME: field=value, ...", with ' + NAMED]
    for spec in ("a", "a: mean=3", "a: rate=1, closed=2", "a: burst=3", "a: rate=1, every=3"):
        assert flaws(spec) == ["--mix a: needs exactly one of rate, closed, and burst together with every."]


def test_too_much_and_nothing_at_all_are_refused() -> None:
    assert flaws("a: rate=1000, keys=1000") == ["--mix a: more than 2000000 requests; lower the rate or --for."]
    assert flaws("a: burst=1, every=1000") == ["--mix: not one request comes in this time."]
    assert flaws("a: closed=1, start=50, stop=40") == ["--mix: not one request comes in this time."]
