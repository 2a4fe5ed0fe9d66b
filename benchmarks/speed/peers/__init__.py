"""Those who are compared, each behind one small adapter."""

from __future__ import annotations

from benchmarks.speed.peers.direct import Direct
from benchmarks.speed.peers.haproxy import Haproxy
from benchmarks.speed.peers.llmlb import Llmlb
from benchmarks.speed.peers.minimal import Minimal
from benchmarks.speed.peers.peer import Peer

PEERS: dict[str, Peer] = {peer.name: peer for peer in (Llmlb(), Minimal(), Haproxy(), Direct())}
DEFAULT = ("llmlb", "minimal", "haproxy", "direct")
