"""Free TCP ports for the stores."""

import random
import socket
from collections.abc import Collection
from typing import Final

from devserver.program import LOOPBACK
from devserver.seaweed import GRPC_OFFSET

_CHOICE: Final = range(11_000, 21_000)
"""None is another's gRPC twin, and all lie below what Linux (32768) and macOS (49152) give to clients."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Return whether a server could listen there now; connections of a server that has ended do not count."""
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
    """Return whether the port and its gRPC twin are free."""
    return is_free(port) and is_free(port + GRPC_OFFSET)


def free_pair(taken: Collection[int] = ()) -> int:
    """Choose a port that is free together with its gRPC twin, and is none of ``taken``; raises OSError."""
    for port in random.sample(_CHOICE, len(_CHOICE)):
        if port not in taken and is_free_pair(port):
            return port
    raise OSError(f"No free TCP port between {_CHOICE.start} and {_CHOICE.stop}.")
