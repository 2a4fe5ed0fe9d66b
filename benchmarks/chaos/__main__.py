"""`python -m benchmarks.chaos --seconds 600 --seed 1 2 3`: exit code 1 if a rule is broken, 2 if the harness fails."""

from __future__ import annotations

import argparse
import asyncio
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos.report import report
from benchmarks.chaos.run import Run
from benchmarks.given import seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run each seed. Returns 0 when all rules held, 1 when not, 2 when the harness failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seconds", type=seconds, default=600.0, help="of trouble, for each seed (600)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one or more whole numbers (1)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the log, the script and the report")
    options = parser.parse_args(arguments)
    good = True
    for seed in options.seed:
        kept = options.keep / f"seed-{seed}" if options.keep else None
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() if kept is None else nullcontext(str(kept)) as name:
            folder = Path(name)
            run = Run(seed, folder)
            try:
                asyncio.run(run.run(options.seconds, lambda said: print(said, flush=True)))
            except Exception:
                traceback.print_exc()
                print(f"{report(run)}\n\nseed {seed}: the harness itself has failed; see above", flush=True)
                return 2
            text = report(run)
            (folder / "report").write_text(text, encoding="utf-8")
        print(text, flush=True)
        good = good and not run.ledger.broken
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
