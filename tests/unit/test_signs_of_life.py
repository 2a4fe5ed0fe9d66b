"""What the system is told to ask of the other ends of connections, ours and those that a listening socket takes."""

from __future__ import annotations

import socket

from llmlb.signs_of_life import IDLE_SECS, PAUSE_SECS, QUESTIONS, ask_for_signs_of_life

TOLD = (IDLE_SECS, PAUSE_SECS, QUESTIONS)


def asked(sock: socket.socket) -> tuple[int, ...]:
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    options = socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT
    return tuple(sock.getsockopt(socket.IPPROTO_TCP, option) for option in options)


def test_a_connection_is_asked_soon_and_given_up_within_a_minute() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        ask_for_signs_of_life(sock)
        assert asked(sock) == TOLD
    assert IDLE_SECS + PAUSE_SECS * QUESTIONS < 60


def test_so_is_each_that_is_taken_from_one_that_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ask_for_signs_of_life(server)
        with socket.create_connection(server.getsockname()), server.accept()[0] as taken:
            assert asked(taken) == TOLD


def test_one_that_is_closed_or_none_is_left_alone() -> None:
    with socket.socket() as sock:
        pass
    ask_for_signs_of_life(sock)
    ask_for_signs_of_life(None)
