"""Free TCP ports for the stores."""

import random
import socket
from collections.abc import Collection
from typing import Final

from app.infra.embedded.program import LOOPBACK
from app.infra.embedded.seaweed import GRPC_OFFSET

_CHOICE: Final = range(11_000, 22_700)
"""Neither these nor their gRPC twins lie where Linux (from 32768) or macOS (from 49152) picks ports for clients."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen there now; connections of a server that has ended do not count."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def is_free_pair(port: int) -> bool:
    """Tell whether the port and its gRPC twin are free."""
    return is_free(port) and is_free(port + GRPC_OFFSET)


def free_pair(taken: Collection[int] = ()) -> int:
    """Choose a port that is free together with its gRPC twin, and is none of ``taken``."""
    candidates = random.sample(_CHOICE, len(_CHOICE))
    for port in candidates:
        if port not in taken and is_free_pair(port):
            return port
    raise OSError(f"No free TCP port between {_CHOICE.start} and {_CHOICE.stop}.")
