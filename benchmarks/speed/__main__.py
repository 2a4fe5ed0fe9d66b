"""`python -m benchmarks.speed`: how fast llmlb is beside its peers. Some twenty minutes; with `--quick`, seconds."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import results
from benchmarks.given import count, new_file
from benchmarks.speed import kept, pictures, report
from benchmarks.speed.campaign import Campaign, campaign
from benchmarks.speed.cores import LOAD, kept_to
from benchmarks.speed.goal import judge
from benchmarks.speed.goals import GOALS
from benchmarks.speed.measures import MEASURES
from benchmarks.speed.measures.measure import Effort
from benchmarks.speed.peers import DEFAULT, PEERS
from benchmarks.speed.peers.llmlb import Llmlb
from benchmarks.speed.usage import raise_descriptor_limit

ROUNDS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a goal is not met or a peer gave wrong answers."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.write and (given.quick or given.only or given.read):
        parser.error("--write is for all measures at their full length")
    if given.read:
        made, where = given.read
    else:
        made, where = _measured(given)
    lines = judge(GOALS, made.samples)
    print("\n".join(f"{name}: {value}" for name, value in where.items()), end="\n\n")
    for measure in MEASURES:
        for table in report.tables(measure, made.samples):
            print(table.text())
    if lines:
        print(report.goals(lines).text())
    wrong = report.problems(made)
    for one in wrong:
        print(one)
    if given.json:
        given.json.write_text(kept.as_json(made, where, lines), encoding="utf-8")
    if given.write:
        _write(made, where)
    for path in pictures.draw(made.samples, given.plots or pictures.FOLDER) if given.write or given.plots else ():
        print(path)
    promised = [line.met for line in lines if not line.values["stretch"]]
    print(f"{sum(map(bool, promised))} of {len(promised)} goals met")
    return 0 if all(promised) and not wrong else 1


def _measured(given: argparse.Namespace) -> tuple[Campaign, dict[str, str]]:
    raise_descriptor_limit()
    chosen = [PEERS[name] for name in given.peers]
    chosen += [Llmlb(name=f"llmlb in {folder.name}", root=folder.resolve()) for folder in given.beside]
    measures = [measure for measure in MEASURES if not given.only or measure.name in given.only]
    where = kept.about(chosen, given.rounds)

    def tell(what: str) -> None:
        print(what, file=sys.stderr, flush=True)

    there = [peer for peer in chosen if not where[kept.about_peer(peer)].startswith(kept.ABSENT)]
    with kept_to(LOAD):
        return asyncio.run(campaign(measures, there, given.rounds, Effort(quick=given.quick), tell)), where


def _write(made: Campaign, where: dict[str, str]) -> None:
    lines = judge(GOALS, made.samples)
    results.FOLDER.mkdir(exist_ok=True)
    (results.FOLDER / "speed.json").write_text(kept.as_json(made, where, lines), encoding="utf-8")
    text = kept.as_markdown(made, where, lines, MEASURES)
    (results.FOLDER / "speed.md").write_text(text, encoding="utf-8")


def _kept(file: str) -> tuple[Campaign, dict[str, str]]:
    """What `--json` has written. Raises ArgumentTypeError where it has not."""
    try:
        return kept.from_json(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, LookupError, TypeError):
        raise argparse.ArgumentTypeError(f"{file!r}: must be a file that --json has written") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    names = [measure.name for measure in MEASURES]
    parser.add_argument("--only", action="append", choices=names, help="this measure; may be repeated")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=DEFAULT, help="default: %(default)s")
    parser.add_argument("--rounds", type=count, default=ROUNDS, help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="tiny runs, only to see that everything works")
    parser.add_argument(
        "--beside", nargs="+", type=Path, metavar="CHECKOUT", default=[], help="another llmlb to compare with"
    )
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write everything as JSON")
    parser.add_argument("--from", dest="read", type=_kept, metavar="FILE", help="show such a file; measure nothing")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the pictures of docs/performance.md")
    parser.add_argument(
        "--write", action="store_true", help="write the results that are kept, in benchmarks/results and docs/images"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
