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
    """The edges' settings, under the names of ``Settings``, which says what each means, with the same defaults."""

    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    hsts_seconds: int = 365 * 24 * 3600
    trusted_proxies: tuple[str, ...] = ()
    requests_per_minute: int = 6000
    head_seconds: float = 15
    max_head_bytes: int = 64 * 1024
    max_connections: int = 10_000
    max_connections_per_address: int = 512
    min_upload_bytes_per_second: int = 1024
    upload_memory_bytes: int = 960 * 1024**2
    upload_timeout_seconds: float = 24 * 3600
    max_uploads_per_user: int = 20

    introspection: bool = True
    suggestions: bool = True
    graphiql: bool = True
    frontend: bool = True
    s3_public_url: str | None = None
    s3_bucket: str = "fiapx"

    max_document_bytes: int = 15_000
    max_tokens: int = 1000
    max_depth: int = 10
    max_aliases: int = 15
    max_root_fields: int = 10
    max_directives: int = 50
    max_cost: int = 5000
    max_variable_values: int = 1000
    max_cpu_seconds_per_minute: float = 6

    socket_init_seconds: float = 5
    socket_ping_seconds: float = 20
    socket_stall_seconds: float = 20
    max_sockets_per_user: int = 20
    max_sockets_per_address: int = 200
    socket_messages_per_minute: int = 6000
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
