"""Ports that no neighbour is given meanwhile."""

from __future__ import annotations

import random
import socket
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Where Linux says which ports it hands out by itself; elsewhere they begin higher still."""


def free_port() -> int:
    """A port that nobody listens on, and that the system gives to nobody who asks for any.

    One that it chose, and that was let go, may be another test's a moment later.
    """
    first = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else 32768
    low, high = (first - 8000, first) if first > 10000 else (61000, 65000)
    for port in random.sample(range(low, high), 200):
        with socket.socket() as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")
