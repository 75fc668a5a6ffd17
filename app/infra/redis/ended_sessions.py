"""The port ``EndedSessions``."""

import asyncio
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, final
from weakref import WeakValueDictionary

import structlog

from app.domain.session import SessionId
from app.infra.redis.best_effort import BestEffort
from app.infra.redis.stream import StreamRedis
from app.infra.redis.subscriber import Subscriber
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.transactions import Transactions

log = structlog.get_logger(__name__)

_CHANNEL: Final = "fiapx:sessions:ended"
_LATE_COMMITS: Final = timedelta(minutes=1)
"""A row may become visible so much later than the time that stands in it."""


@final
class RedisEndedSessions:
    """Told at once by Redis pub/sub, and by the database every few seconds, so that Redis may be away.

    ``read_again`` is to be called at the start and every few seconds; it is also what a reconnect does. What ended
    longer ago than an access token lives is forgotten.
    """

    def __init__(
        self,
        redis: StreamRedis,
        subscriber: Subscriber,
        transactions: Transactions,
        clock: Clock,
        token_lifetime: timedelta,
    ) -> None:
        self._redis = redis
        self._transactions = transactions
        self._clock = clock
        self._lifetime = token_lifetime
        self._ended: dict[SessionId, datetime] = {}
        self._waiting: WeakValueDictionary[SessionId, asyncio.Event] = WeakValueDictionary()
        self._read_until: datetime | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._try = BestEffort("ended sessions")
        subscriber.want(_CHANNEL, self)

    def ended(self, session: SessionId) -> bool:
        return session in self._ended

    async def wait(self, session: SessionId) -> None:
        if session not in self._ended:
            end = self._waiting.setdefault(session, asyncio.Event())  # For as long as anybody waits for it.
            await end.wait()

    async def announce(self, sessions: Collection[SessionId]) -> None:
        if sessions:
            self._learn(dict.fromkeys(sessions, self._clock.now()))
            await self._try(self._redis.publish(_CHANNEL, json.dumps(list(sessions))))

    async def read_again(self) -> None:
        """Learn what the database has since it was read last; raises ``DatabaseUnavailable``."""
        now = self._clock.now()
        oldest = now - self._lifetime - _LATE_COMMITS
        since = oldest if self._read_until is None else max(oldest, self._read_until - _LATE_COMMITS)
        self._learn(await self._transactions.read(lambda t: t.sessions.ended_since(since)))
        self._read_until = now
        self._ended = {session: at for session, at in self._ended.items() if at >= oldest}

    async def aclose(self) -> None:
        """Return when nothing that it began is under way any more; its database may then go."""
        if self._catching_up is not None:
            await asyncio.wait([self._catching_up])

    def on_subscribed(self, channel: str) -> None:  # noqa: ARG002 - the port's signature
        """Make good for what may have been missed."""
        self._catching_up = asyncio.create_task(self._catch_up())

    def on_message(self, channel: str, data: bytes) -> None:  # noqa: ARG002 - the port's signature
        """Learn of sessions that ended."""
        try:
            sessions = json.loads(data)
            self._learn(dict.fromkeys(map(SessionId, sessions), self._clock.now()))
        except (ValueError, TypeError):
            log.warning("word of ended sessions cannot be read", bytes=len(data))

    async def _catch_up(self) -> None:
        try:
            await self.read_again()
        except DatabaseUnavailable as error:
            log.warning("the database is away", what="ended sessions", fault=str(error))

    def _learn(self, sessions: Mapping[SessionId, datetime]) -> None:
        """Remember them, and wake who waits for one of them."""
        self._ended.update(sessions)
        for session in sessions:
            if end := self._waiting.get(session):
                end.set()
