"""The port ``EndedSessions``."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from typing import final

from app.domain.session import SessionId


@final
class EndedHere:
    """The sessions that this process was told of."""

    def __init__(self) -> None:
        self._ended: set[SessionId] = set()
        self._waiting: defaultdict[SessionId, set[asyncio.Future[None]]] = defaultdict(set)

    def ended(self, session: SessionId) -> bool:
        return session in self._ended

    async def wait(self, session: SessionId) -> None:
        if session in self._ended:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting[session].add(future)
        try:
            await future
        finally:
            self._waiting[session].discard(future)
            if not self._waiting[session]:
                del self._waiting[session]

    async def announce(self, sessions: Collection[SessionId]) -> None:
        self._ended.update(sessions)
        for session in sessions:
            for future in self._waiting.get(session, ()):
                if not future.done():
                    future.set_result(None)
