"""How fast the gateway is beside others: cost, latency, hand-over, streams, waiting clients, growth, footprint.

`python -m benchmarks.speed` (`make bench`) starts `llmlb serve` with everything switched on, the least proxy that
aiohttp makes, and HAProxy, in turns, each on a core of its own; load and nodes are light processes of their own on
another. Machines differ, so that what is judged are ratios between peers that were measured in the same round.
"""
