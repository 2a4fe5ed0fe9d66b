from __future__ import annotations

from xml.etree import ElementTree

import pytest

from llmlb.config.model import Config, Queue
from llmlb.messages import Locale
from llmlb.simulate.drive import drive
from llmlb.simulate.job import Job, NodeSpec
from llmlb.simulate.measure import measure
from llmlb.simulate.plot import COLORS, OTHERS, plot
from llmlb.simulate.report import Tried
from llmlb.simulate.svg import element, text, ticks
from llmlb.simulate.workload import Arrival, Workload

SVG = "{http://www.w3.org/2000/svg}"


def tried(*keys: str, name: str = "config.toml", length: float = 600.0) -> Tried:
    arrivals = tuple(Arrival(at * 3.0, Job(key, "m", 10.0)) for at, key in enumerate(keys))
    run = drive(Config(queue=Queue(timeout_secs=600)), [NodeSpec("n", ("m",))], Workload(arrivals, length))
    return Tried(name, run, measure(run))


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.encode())


def words(svg: str) -> list[str]:
    return [found.text or "" for found in parsed(svg).iter(f"{SVG}text")]


def test_each_configuration_has_a_row_of_two_panels_with_headings_and_units() -> None:
    said = words(plot([tried("a", "b", name="one"), tried("a", "b", name="two")], "en"))
    for words_ in ("one", "two", "a", "b"):
        assert words_ in said
    for heading in ("wait by time of arrival, median, s", "share of node time, %"):
        assert said.count(heading) == 2
    assert said.count("time, min") == 4


def test_a_short_run_is_drawn_in_seconds() -> None:
    assert words(plot([tried("a", "b", length=60.0)], "en")).count("time, s") == 2


@pytest.mark.parametrize(("locale", "heading"), [("ja", "ノード時間の割合（%）"), ("en", "share of node time, %")])
def test_it_speaks_both_languages(locale: Locale, heading: str) -> None:
    assert heading in words(plot([tried("a", "b")], locale))


def test_names_are_inert_text() -> None:
    svg = plot([tried("<b>&\"'", "a\x1bb\n", "", name="</text><script>")], "en")
    said = words(svg)
    assert "<b>&\"'" in said
    assert '"a\\u001bb\\n"' in said
    assert "(no key)" in said
    assert "</text><script>" in said
    assert not list(parsed(svg).iter(f"{SVG}script"))


def test_every_key_has_a_colour_until_they_are_too_many() -> None:
    few = plot([tried(*"abc")], "en")
    assert all(color in few for color in COLORS[:3])
    assert OTHERS not in few
    many = plot([tried(*"abcdefghij")], "en")
    assert OTHERS in many
    assert "4 more" in words(many)
    assert COLORS[len(COLORS) - 1] not in many


def test_everything_drawn_lies_on_the_paper() -> None:
    root = parsed(plot([tried(*"aabbbc" * 8)], "en"))
    width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
    for found in root.iter(f"{SVG}path"):
        numbers = [tuple(map(float, step[1:].split(","))) for step in found.attrib["d"].split() if step != "Z"]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in numbers)
    for found in root.iter(f"{SVG}text"):
        assert 0 <= float(found.attrib["x"]) <= width
        assert 0 <= float(found.attrib["y"]) <= height


def test_it_is_legible_on_light_and_dark_pages() -> None:
    svg = plot([tried("a")], "en")
    assert "prefers-color-scheme: dark" in svg
    assert 'class="paper"' in svg


def test_one_request_is_still_to_be_seen() -> None:
    assert list(parsed(plot([tried("a")], "en")).iter(f"{SVG}circle"))


def lines(svg: str, color: str) -> list[list[float]]:
    """For each line of waits in the colour, the places of its points along the axis of time."""
    return [
        [float(step[1:].split(",")[0]) for step in found.attrib["d"].split()]
        for found in parsed(svg).iter(f"{SVG}path")
        if found.get("stroke") == color
    ]


def at_minutes(*minutes: float) -> Tried:
    arrivals = tuple(Arrival(60.0 * minute, Job("a", "m", 1.0)) for minute in minutes)
    run = drive(Config(), [NodeSpec("n", ("m",))], Workload(arrivals, 3600.0))
    return Tried("config.toml", run, measure(run))


def test_a_line_breaks_where_a_key_waited_for_nothing() -> None:
    svg = plot([at_minutes(0.1, 1.1, 30.1, 31.1, 32.1, 50.1)], "en")
    assert [len(line) for line in lines(svg, COLORS[0])] == [2, 3]
    assert len(list(parsed(svg).iter(f"{SVG}circle"))) == 1


def test_a_line_goes_on_across_a_short_gap() -> None:
    assert [len(line) for line in lines(plot([at_minutes(0.1, 3.1, 4.1)], "en"), COLORS[0])] == [3]
    assert [len(line) for line in lines(plot([at_minutes(0.1, 1.1, 5.1, 6.1)], "en"), COLORS[0])] == [2, 2]


def test_the_waits_of_all_others_are_one_line() -> None:
    assert lines(plot([tried(*"abc" * 20)], "en"), OTHERS) == []
    assert lines(plot([tried(*"abcdefghij" * 10)], "en"), OTHERS)


def test_ticks_are_round_and_reach_the_largest() -> None:
    assert ticks(60, 4) == [0, 20, 40, 60]
    assert ticks(58.1, 6) == [0, 10, 20, 30, 40, 50, 60]
    assert ticks(1.0, 4) == [0, 0.5, 1.0]
    assert ticks(0.0, 4)[0] == 0.0
    assert ticks(7.3, 4) == [0, 2, 4, 6, 8]


def test_attributes_and_text_are_escaped() -> None:
    assert element("a", x='"<', stroke_width=1.0) == '<a x=\'"&lt;\' stroke-width="1"/>'
    assert text(1, 2, "a<b\x00") == '<text x="1" y="2">a&lt;b\ufffd</text>'
