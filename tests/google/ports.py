"""Ports that the system gives to no other test."""

from __future__ import annotations

import random
import socket
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Linux lists its ephemeral ports here; on other systems they begin higher."""


def free_port() -> int:
    """A port without a listener, outside the system's ephemeral ports.

    An ephemeral port that was released may be in use by another test a moment later.
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
