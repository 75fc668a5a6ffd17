"""What the edges allow, as operators set it."""

from dataclasses import dataclass, fields
from typing import Self, cast, final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from app.domain.network import is_loopback
from app.settings import Settings


@final
@dataclass(frozen=True, slots=True)
class Policy:
    """The edges' settings, under the names of ``Settings``, with the same defaults."""

    allowed_origins: tuple[str, ...] = ()
    """Pages of these origins may call us from a browser (CORS) and open WebSockets; our own always may."""
    allowed_hosts: tuple[str, ...] = ()
    """What a request's Host may name, whatever its port; all where it is empty. ``localhost`` stands for every name of
    this very machine. Where none are set and the service is on loopback, that and the host of ``public_url`` are."""
    hsts_seconds: int = 365 * 24 * 3600
    """For so long a browser that came by TLS comes by nothing else (RFC 6797); with 0 it is told nothing."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose word on the client's address counts (X-Forwarded-For)."""
    requests_per_minute: int = 6000
    """By one network address, in one process; each operation over a WebSocket is one."""
    head_seconds: float = 15
    """A request's head must have come so long after its connection was opened, or after its own first byte."""
    max_head_bytes: int = 64 * 1024
    max_connections: int = 10_000
    """At once, in one process; fewer where it may not open so many files (RLIMIT_NOFILE)."""
    max_connections_per_address: int = 512
    """By one network address; a trusted proxy may have as many as there are."""
    min_upload_bytes_per_second: int = 1024
    upload_memory_bytes: int = 960 * 1024**2
    """What all uploads of a process may hold of its memory: an upload three parts of 5 MiB at most (16 beyond 2.9 GiB).
    Of the 2 GiB that a pod has in Kubernetes, as much is left to the program itself, its sockets and its documents."""
    upload_timeout_seconds: float = 24 * 3600
    """Whatever its size, an upload has no longer."""
    max_uploads_per_user: int = 20

    introspection: bool = True
    suggestions: bool = True
    graphiql: bool = True
    frontend: bool = True
    """Whether the page at ``/`` is served."""
    s3_public_url: str | None = None
    """Where that page's pictures and downloads come from, if not from us."""
    s3_bucket: str = "fiapx"

    max_document_bytes: int = 15_000
    max_tokens: int = 1000
    max_depth: int = 10
    max_aliases: int = 15
    max_root_fields: int = 10
    max_directives: int = 50
    max_cost: int = 5000
    max_variable_values: int = 1000
    """Values of one operation's variables, those in lists and objects counted."""
    max_cpu_seconds_per_minute: float = 6
    """What GraphQL documents that are new to a process may take of its time: of one network (/24, /64), and of one
    user, whose answers count too. Each has so much at once, and it comes back evenly."""

    socket_init_seconds: float = 5
    socket_ping_seconds: float = 20
    socket_stall_seconds: float = 20
    """A client that takes nothing for so long is dropped."""
    max_sockets_per_user: int = 20
    """At once, in one process; a stream over plain HTTP is one."""
    max_sockets_per_address: int = 200
    socket_messages_per_minute: int = 6000
    """By one network address, whatever they are, in one process."""
    max_subscriptions_per_socket: int = 20

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take them over; on loopback, our own names are the only ones where none are set."""
        values = {field.name: getattr(settings, field.name) for field in fields(cls)}
        if not settings.allowed_hosts and (settings.host == "localhost" or is_loopback(settings.host)):
            public = urlsplit(settings.public_url or "").hostname
            values["allowed_hosts"] = ("localhost", *([public] if public else []))
        return cls(**values)


def policy_of(connection: HTTPConnection) -> Policy:
    """Give what this application was made with."""
    return cast("Policy", connection.app.state.policy)
