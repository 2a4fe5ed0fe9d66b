"""Pieces of a body: nothing is lost or copied that need not be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmlb.web.pieces import BLOCK_BYTES, Pieces


@given(st.lists(st.integers(0, 2 * BLOCK_BYTES)))
def test_the_whole_is_all_of_them_in_their_order_and_then_nothing(sizes: list[int]) -> None:
    pieces = Pieces()
    for number, size in enumerate(sizes):
        pieces.add(bytes([number % 256]) * size)
    assert pieces.size == sum(sizes)
    assert pieces.whole() == b"".join(bytes([number % 256]) * size for number, size in enumerate(sizes))
    assert (pieces.size, pieces.whole()) == (0, b"")


def test_one_that_came_whole_is_not_copied() -> None:
    pieces, body = Pieces(), b"x" * (2 * BLOCK_BYTES)
    pieces.add(body)
    assert pieces.whole() is body
