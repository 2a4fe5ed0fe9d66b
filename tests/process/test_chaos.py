"""Twenty seconds of the chaos: whatever clients, nodes and the operator do, every rule holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos.report import report
from benchmarks.chaos.run import Run

SEED = 5
"""One in which even a busy machine sees every kind of end, the rarest some fifteen times on a quiet one."""
SECONDS = 20


@pytest.mark.alone
@pytest.mark.timeout(240)
async def test_twenty_seconds_of_chaos_break_no_rule(tmp_path: Path) -> None:
    run = Run(SEED, tmp_path)
    await run.run(SECONDS, print)
    assert not run.ledger.broken, report(run)
    seen = run.ledger.counts["seen by clients"]
    # It was chaos: clients were served, refused, cut short and told of time-outs, and left.
    assert min(seen[kind] for kind in ("reply 200", "reply 429", "reply 504", "cut 200", "left, nothing")) > 0
    assert len(run.ledger.counts["at nodes"]) > 15
    assert run.watch.peaks["waiting"] > 5
