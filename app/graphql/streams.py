"""Subscriptions over plain HTTP, for where a proxy lets no WebSocket through.

graphql-sse in its distinct connections mode (``Accept: text/event-stream``), and Apollo's multipart subscriptions
(``Accept: multipart/mixed;subscriptionSpec=1.0``). Strawberry writes both; what is ours is that they end with their
session.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

from app.domain.session import Viewer
from app.server.services import Services, session_over

TextStream = Callable[[], AsyncIterator[str]]


def ending_with_session(services: Services, viewer: Viewer, stream: TextStream) -> TextStream:
    """Yield the same stream, cut when the viewer's session expires or ends; a client asks again with a new token."""

    async def cut() -> AsyncGenerator[str, None]:
        # Strawberry makes an async generator of it, which ends what is under way when it is closed.
        pieces = cast("AsyncGenerator[str, None]", stream())
        async with _over(services, viewer) as over, aclosing(pieces):
            while True:
                piece: asyncio.Future[Any] = asyncio.ensure_future(anext(pieces, None))
                try:
                    await asyncio.wait({piece, over}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    piece.cancel()  # Where it is done this does nothing.
                    await asyncio.wait({piece})
                text = None if piece.cancelled() else piece.result()
                if text is None:
                    return
                yield text

    return cut


@asynccontextmanager
async def _over(services: Services, viewer: Viewer) -> AsyncIterator[asyncio.Future[Any]]:
    """Return a future that is done once the session is over."""
    over = asyncio.create_task(session_over(services, viewer))
    try:
        yield over
    finally:
        over.cancel()
        await asyncio.wait({over})
