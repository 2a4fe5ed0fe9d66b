"""A request as it is written to a node."""

from __future__ import annotations

from llmlb.config.model import NodeConfig
from llmlb.wire.call import Call, with_model
from llmlb.wire.http1 import request_bytes


class Outgoing:
    """One client's request, ready for any node: what does not depend on the node is serialised once.

    `id` is our own number for it: the request's id is the client's to choose, and may come twice. `block`: the header
    lines that any node gets, see `llmlb.wire.http1.header_block`.
    """

    __slots__ = ("_block", "_call", "id")

    def __init__(self, id: str, call: Call, block: bytes) -> None:
        self.id = id
        self._call: Call | None = call
        self._block = block

    def pieces(self, node: NodeConfig, node_block: bytes) -> tuple[bytes, ...]:
        """The bytes to write to this node. Only an alias changes any byte of the body."""
        call = self._call
        assert call is not None, "no retry after the body was let go"
        model = node.aliases.get(call.model, call.model)
        body = call.body if model == call.model else with_model(call, model)
        return request_bytes(node.address.prefix + call.endpoint.path, node_block, self._block, body)

    def let_go(self) -> None:
        """Forget the body: the reply has begun, so it will not be sent again."""
        self._call = None
