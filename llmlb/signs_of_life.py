"""Has the system ask now and then whether the machine at the other end of a connection is still there.

A machine that loses its power says nothing, and neither does a firewall that has forgotten a connection on which
nothing was said for long. A node like that would be taken for one at work until the limit for its reply is over, which
may be half an hour. A client like that would keep a node at work for nobody; and one that waits for minutes behind such
a firewall would never get its reply, if nothing kept the firewall from forgetting.
"""

from __future__ import annotations

import socket
from contextlib import suppress

IDLE_SECS = 15
"""Of silence on a connection, after which the system asks for the first time."""
PAUSE_SECS = 10
"""Between two questions."""
QUESTIONS = 4
"""Without any answer to so many, the connection is over."""

_OPTIONS = {
    "TCP_KEEPIDLE": IDLE_SECS,
    "TCP_KEEPALIVE": IDLE_SECS,  # as macOS calls it
    "TCP_KEEPINTVL": PAUSE_SECS,
    "TCP_KEEPCNT": QUESTIONS,
}
"""By the names of the options of a socket; a system that has not all of them does without."""


def ask_for_signs_of_life(sock: socket.socket | None) -> None:
    """From now on, end the connection when its other end has not even acknowledged a question for about a minute.

    Nothing is asked while something sent is not acknowledged: that is sent again, for as long as the system has it
    (Linux for a quarter of an hour). Not to be shortened by TCP_USER_TIMEOUT: that also ends connections whose other
    end is well and only takes nothing for the time.

    Of a socket that listens: each of the connections taken from it. None: there is no socket behind a connection.
    """
    if sock is None:
        return
    with suppress(OSError):  # one just closed by its other end: some systems let nothing be set on it
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _OPTIONS.items():
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
