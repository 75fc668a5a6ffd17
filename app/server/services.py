"""What the edges are handed by the composition root."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from starlette.requests import HTTPConnection
from structlog.contextvars import bind_contextvars

from app.domain.api_key import PREFIX
from app.domain.errors import Unauthenticated
from app.domain.network import subscriber_of
from app.domain.retention import Retention
from app.domain.session import Scope, Viewer
from app.domain.user import pseudonym
from app.settings import Settings
from app.usecases.catalogue import UseCases
from app.usecases.ports.archives import ArchiveJoiner, ArchiveSelector
from app.usecases.ports.clock import Clock
from app.usecases.ports.frame_links import FrameLinks
from app.usecases.ports.sessions import EndedSessions
from app.usecases.ports.storage import DownloadLinks, ObjectStorage
from app.usecases.ports.storyboard_links import StoryboardLinks
from app.usecases.ports.tokens import AccessTokens


class Ticket(Protocol):
    """What a ticket link allows: one object, under this name, as this type."""

    @property
    def key(self) -> str: ...
    @property
    def file_name(self) -> str: ...
    @property
    def content_type(self) -> str: ...


class Tickets(Protocol):
    """Opens the tickets that ``DownloadLinks`` issued for our own ``/files/{ticket}``."""

    def open(self, ticket: str, now: datetime) -> Ticket | None:
        """Return None where it is forged, malformed or has expired."""


@dataclass(frozen=True, slots=True)
class Services:
    """All that GraphQL and HTTP need from inside.

    ``ready`` names the parts that must work, each with whether it does.
    ``tickets`` is None where links lead to the storage itself; those to single pictures and storyboards are always
    ours, and what is stored nowhere has ``own_links`` in any case, which ``own_tickets`` opens. ``archives`` makes one
    ZIP of several, ``selections`` one of some pictures of one. ``content_disposition`` makes a file name safe to
    be sent as an attachment's header (RFC 6266). ``backlog`` names what waits, as far as that can be known right now.
    """

    do: UseCases
    tokens: AccessTokens
    ended_sessions: EndedSessions
    links: DownloadLinks
    tickets: Tickets | None
    frame_links: FrameLinks
    storyboard_links: StoryboardLinks
    own_links: DownloadLinks
    own_tickets: Tickets
    storage: ObjectStorage
    archives: ArchiveJoiner
    selections: ArchiveSelector
    clock: Clock
    retention: Retention
    content_disposition: Callable[[str], str]
    ready: Callable[[], Awaitable[Mapping[str, bool]]]
    backlog: Callable[[], Awaitable[Mapping[str, float]]]


def services_of(connection: HTTPConnection) -> Services:
    """Return what this application was composed with."""
    return cast("Services", connection.app.state.services)


def settings_of(connection: HTTPConnection) -> Settings:
    """Return what this application was made with."""
    return cast("Settings", connection.app.state.settings)


async def bearer_viewer(services: Services, authorization: str | None) -> Viewer:
    """Return who sends this ``Authorization`` value (RFC 6750): an access token, or a key for programs.

    :raises Unauthenticated: where it is missing, of another scheme, forged or expired, or where its session has ended
    :raises RateLimited: where a key comes too often
    """
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    by_key = token.startswith(PREFIX)
    viewer = await services.do.api_keys.authenticate(token) if by_key else services.tokens.verify(token)
    bind_contextvars(user=pseudonym(viewer.id))  # For the log lines of this request, or of this socket.
    if is_over(services, viewer):
        raise Unauthenticated
    return viewer


def is_over(services: Services, viewer: Viewer) -> bool:
    """Whether the viewer's session has expired or ended since its token was verified."""
    return viewer.expires_at <= services.clock.now() or services.ended_sessions.ended(viewer.session)


def address_of(connection: HTTPConnection) -> str:
    """Return from which network this comes, as it is counted; a trusted proxy's word was taken for it before."""
    return subscriber_of(connection.client.host if connection.client else "")


async def session_over(services: Services, viewer: Viewer) -> None:
    """Return once the viewer's session has expired or ended."""
    try:
        async with asyncio.timeout((viewer.expires_at - services.clock.now()).total_seconds()):
            await services.ended_sessions.wait(viewer.session)
    except TimeoutError:
        return


async def viewer_of(connection: HTTPConnection, scope: Scope | None = None) -> Viewer:
    """Return who sends this request, where a key that they send has this scope; without one no key will do.

    :raises Unauthenticated: where it is nobody
    :raises InsufficientScope: where the key may not do this
    """
    viewer = await bearer_viewer(services_of(connection), connection.headers.get("authorization"))
    return viewer.allowed(scope)
