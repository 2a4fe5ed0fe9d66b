"""Random trouble for the program as users start it, and what must hold all the while.

`python -m benchmarks.chaos --seconds 600 --seed 1` starts `llmlb serve` before seven nodes of its own, which fail in
every way known, sends it thousands of requests whose clients leave in every way known, and edits its configuration.
Everything is drawn from the seed before it begins (`script`), so that one seed gives the same trouble again. What came
of it is put together by request (`ledger`, `verdict`) and looked at from outside all the time (`watch`).
"""
