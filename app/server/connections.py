"""How many connections stand open at once, of each network and of all, and who gives way when there are too many.

A connection that waits for a request holds nobody up: the one that has waited longest is closed for a newcomer. So
silence can fill the house and locks nobody out. Where all have a request under way, a newcomer is spare: it is there
to be told so, and to answer a health check, which must not fail because the house is full.
"""

import resource
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, cast, final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.domain.network import subscriber_of
from app.server.metrics import Metrics
from app.settings import ServerSettings

OTHER_FILES: Final = 256
"""What else a process has open: connections to the stores, logs, what is listened on, and spare connections."""
_SPARE: Final = 64
_FILES: Final = 1024**2
"""More than any process needs, where a system sets no limit."""


def raise_file_limit() -> int:
    """Let this process open as many files as it may (setrlimit(2)); give that number."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return files


@final
class Connection:
    """One open connection. It waits for a request, until it is told to be ``busy``."""

    __slots__ = ("_all", "close", "network", "spare")

    def __init__(self, everyone: "Connections", network: str, close: Callable[[], None]) -> None:
        self._all = everyone
        self.network = network
        self.close = close
        self.spare = False
        """Whether it is beyond what is allowed, and only there for a word."""

    def busy(self) -> None:
        """Let it be in peace: a request is under way."""
        if self in self._all.waiting:
            del self._all.waiting[self]
            del self._all.waiting_of(self)[self]

    def waits(self) -> None:
        """Let it be closed for another; again it is the last whose turn that is."""
        self.busy()
        if self in self._all.open:
            self._all.waiting[self] = None
            self._all.waiting_of(self)[self] = None

    def gone(self) -> None:
        self._all.forget(self)


@final
class Connections:
    """The open connections of one listener.

    What a trusted proxy opens is counted for all only: how many each of its clients may have is its own matter.
    """

    def __init__(self, settings: ServerSettings, metrics: Metrics, files: int) -> None:
        self.most = max(1, min(settings.max_connections, files - OTHER_FILES))
        self.most_of_one = min(settings.max_connections_per_address, self.most)
        self.metrics = metrics
        self._proxies = ProxyHeadersMiddleware(cast("Any", None), list(settings.trusted_proxies)).trusted_hosts
        self.open: set[Connection] = set()
        self._by_network: Counter[str] = Counter()
        self.waiting: dict[Connection, None] = {}
        self._waiting_by_network: dict[str, dict[Connection, None]] = {}

    def waiting_of(self, connection: Connection) -> dict[Connection, None]:
        """Return those that wait and compete with this one: the spare ones, or those of its network."""
        return self._waiting_by_network.setdefault(_group(connection), {})

    def opened(self, address: str, close: Callable[[], None]) -> Connection:
        """Count a new connection, and close one that waits where there are too many."""
        network = "" if address in self._proxies else subscriber_of(address)
        new = Connection(self, network, close)
        if network and self._by_network[network] >= self.most_of_one:
            new.spare = not self._close_one(self.waiting_of(new))
        elif len(self.open) >= self.most:
            new.spare = not self._close_one(self.waiting)
        if new.spare and self._by_network[_group(new)] >= _SPARE:
            self._close_one(self.waiting_of(new))
        self.open.add(new)
        self._by_network[_group(new)] += 1
        self.metrics.connections.inc()
        new.waits()
        return new

    def forget(self, connection: Connection) -> None:
        """Count one less; twice does no harm."""
        if connection not in self.open:
            return
        connection.busy()
        self.open.remove(connection)
        self.metrics.connections.dec()
        group = _group(connection)
        self._by_network[group] -= 1
        if not self._by_network[group]:
            del self._by_network[group]
            self._waiting_by_network.pop(group, None)

    def refused(self, reason: str) -> None:
        """Count what the listener sent away."""
        self.metrics.rejected.labels(reason).inc()

    def _close_one(self, waiting: dict[Connection, None]) -> bool:
        """Close the one that has waited longest; say whether there was one."""
        oldest = next(iter(waiting), None)
        if oldest is None:
            return False
        self.forget(oldest)
        self.refused("connections")
        oldest.close()
        return True


def _group(connection: Connection) -> str:
    return "spare" if connection.spare else connection.network
