"""How much of everything the program stands: nodes, waiting clients, keys and streams by the hundred and thousand.

`python -m benchmarks.scale` starts `llmlb serve` before a thousand nodes that are one process, sends it what thousands
of clients would, and asks its pages and metrics all the while from a third process. `--write` keeps the table.
"""
