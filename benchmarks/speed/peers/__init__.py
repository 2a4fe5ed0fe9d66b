"""Those who are compared, each behind one small adapter."""

from __future__ import annotations

from benchmarks.speed.peers.direct import Direct
from benchmarks.speed.peers.haproxy import Haproxy
from benchmarks.speed.peers.litellm import Litellm
from benchmarks.speed.peers.llmlb import Llmlb
from benchmarks.speed.peers.minimal import Minimal
from benchmarks.speed.peers.nginx import Nginx
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.peers.rust_routers import SGLANG, VLLM

DEFAULT = ("llmlb", "minimal", "haproxy", "direct")
_ALL: tuple[Peer, ...] = (Llmlb(), Minimal(), Haproxy(), Direct(), Nginx(), VLLM, SGLANG, Litellm())
PEERS = {peer.name: peer for peer in _ALL}
