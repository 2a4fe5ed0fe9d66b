from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from llmlb.config.model import Config, Queue
from llmlb.messages import Locale
from llmlb.simulate.drive import drive
from llmlb.simulate.job import Job, NodeSpec
from llmlb.simulate.measure import measure
from llmlb.simulate.report import MOST_KEYS, Tried, describe_nodes, json_report, key_table, overall_table
from llmlb.simulate.table import width
from llmlb.simulate.texts import TEXTS, say
from llmlb.simulate.workload import Arrival, Workload


def tried(keys: Sequence[str], name: str = "config.toml", *, fair: bool = True) -> Tried:
    """Each key sends one request of ten seconds, one second after the other."""
    workload = Workload(tuple(Arrival(float(at), Job(key, "m", 10.0)) for at, key in enumerate(keys)), 100.0)
    run = drive(
        Config(queue=Queue(timeout_secs=3600, max_size=1000, enable_fairness=fair)), [NodeSpec("n", ("m",))], workload
    )
    return Tried(name, run, measure(run))


def test_a_line_for_each_key_and_one_for_all() -> None:
    assert key_table([tried("ab")], "en").split("\n") == [
        "key  asked  served  429  504  wait p50  p90  p99 s  share   fair",
        "a        1       1    0    0       0.0  0.0    0.0  10.0%  10.0%",
        "b        1       1    0    0       9.0  9.0    9.0  10.0%  10.0%",
        "all      2       2    0    0       4.5  8.1    8.9  20.0%  20.0%",
    ]


def test_several_configurations_stand_one_below_the_other_for_each_key() -> None:
    both = [tried("aab", "fair"), tried("aab", "fifo", fair=False)]
    lines = key_table(both, "en").split("\n")
    assert [line.split()[:2] for line in lines if line] == [
        ["key", "configuration"],
        ["a", "fair"],
        ["fifo", "2"],
        ["b", "fair"],
        ["fifo", "1"],
        ["all", "fair"],
        ["fifo", "3"],
    ]
    assert lines.count("") == 2
    header, *rows = overall_table(both, "en").split("\n")
    assert header.split() == ["overall", "fair", "fifo"]
    assert {width(row) for row in rows} == {width(header)}


def test_of_many_keys_the_largest_are_shown_and_one_line_for_the_others() -> None:
    keys = [f"k{n:02}" for n in range(30) for _ in range(30 - n)]
    lines = key_table([tried(keys)], "en").split("\n")
    assert len(lines) == 1 + MOST_KEYS + 2
    assert [line.split()[0] for line in lines[1:4]] == ["k00", "k01", "k02"]
    assert lines[-2].startswith("10 more  ")
    assert lines[-2].split()[2] == str(sum(range(1, 11)))
    just_one_more = key_table([tried([f"k{n:02}" for n in range(MOST_KEYS + 1)])], "en")
    assert " more" not in just_one_more


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_tables_line_up_in_both_languages(locale: Locale) -> None:
    one = tried(["営業", "", "c"])
    for text in (key_table([one], locale), overall_table([one], locale)):
        assert len({width(line) for line in text.split("\n")}) == 1
    assert ("（キーなし）" if locale == "ja" else "(no key)") in key_table([one], locale)


def test_where_there_was_nothing_to_measure_a_dash_stands() -> None:
    rows = dict(line.rsplit("  ", 1) for line in overall_table([tried("a")], "en").split("\n")[1:])
    assert {rows[name].strip() for name in rows if name.startswith(("Jain", "largest gap", "Retry-After"))} == {"-"}


def test_nodes_that_are_alike_are_counted() -> None:
    assert describe_nodes([NodeSpec("a", ("m",)), NodeSpec("b", ("m",))], "en") == "2"
    assert describe_nodes([NodeSpec("a", ("m",)), NodeSpec("b", ("m", "x"), 2.0)], "en") == "1 (m) + 1 (m x, x2)"
    assert describe_nodes([NodeSpec(f"n{n}", ("m",), n) for n in range(1, 12)], "en").endswith(" + …")


def test_json_has_every_number_and_can_be_written() -> None:
    report = json.loads(json.dumps(json_report([tried("ab", "x")], {"seed": 1})))
    assert report["seed"] == 1
    (one,) = report["configurations"]
    assert (one["name"], one["queue"]["max_size"], one["nodes"][0]["name"]) == ("x", 1000, "n")
    assert one["keys"]["b"]["waits"] == {"p50": 9.0, "p90": 9.0, "p99": 9.0}
    assert one["utilisation"] == pytest.approx(0.2)
    assert one["jain_mean"] is None


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    import string

    for name, texts in TEXTS.items():
        fields = {locale: {f for _, f, _, _ in string.Formatter().parse(text) if f} for locale, text in texts.items()}
        assert set(texts) == {"ja", "en"}, name
        assert fields["ja"] == fields["en"], name
    assert say("en", "seconds", seconds=3) == "3 s"
