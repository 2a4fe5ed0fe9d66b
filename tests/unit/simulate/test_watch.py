from __future__ import annotations

from llmlb.simulate.job import Job
from llmlb.simulate.watch import Service, Watch, without_instants

JOB = Job("a", "m", 1.0)


def test_a_key_waits_from_its_first_request_to_its_last() -> None:
    watch = Watch()
    watch.waits(JOB, 1.0)
    watch.waits(JOB, 2.0)
    watch.left(JOB, 3.0)
    watch.left(JOB, 5.0)
    watch.waits(JOB, 7.0)
    assert watch.backlogs(10.0) == {"a": [(1.0, 5.0), (7.0, 10.0)]}
    assert watch.backlogs(6.0) == {"a": [(1.0, 5.0)]}
    assert watch.backlogs(4.0) == {"a": [(1.0, 4.0)]}


def test_one_that_comes_as_the_last_leaves_has_come_back() -> None:
    """So it has for the scheduler; who only asks whether the key wanted more joins the two."""
    watch = Watch()
    watch.waits(JOB, 1.0)
    watch.left(JOB, 3.0)
    watch.waits(JOB, 3.0)
    watch.left(JOB, 4.0)
    watch.waits(JOB, 6.0)
    spans = watch.backlogs(10.0)["a"]
    assert spans == [(1.0, 3.0), (3.0, 4.0), (6.0, 10.0)]
    assert without_instants(spans) == [(1.0, 4.0), (6.0, 10.0)]


def test_services_are_taken_down_with_their_times() -> None:
    watch = Watch()
    watch.ended(JOB, "n", 2.5, 10.0)
    assert watch.services == [Service("a", 7.5, 10.0)]
