"""The files on their way in: how much memory they hold together, how fast they must come, and who gives up for whom.

What counts is the bytes that are in memory, so that a slow upload costs what it holds and not a place. The fuller the
memory, the faster an upload must come. Where it is full for a while, the user with the most uploads gives up the
slowest: nobody can fill it with many accounts, or with patience.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast, final

from starlette.requests import HTTPConnection
from starlette.types import Message, Receive

from app.domain.errors import DomainError, RateLimited, UploadIncomplete, UploadInterrupted
from app.server.metrics import Metrics
from app.settings import Settings

IDLE_SECONDS: Final = 30.0
"""A client that is silent for so long is taken to be gone."""
READ_AHEAD: Final = 256 * 1024
"""What the server may have read of an upload before anybody asked for it."""
_STEEP: Final = 64
"""So many times the least rate must an upload come with when the memory is full."""
_MEMORY_WAIT_SECONDS: Final = 2.0
"""For so long an upload waits for memory, before somebody gives up."""
_ROUND_SECONDS: Final = 60.0
"""The end of even the smallest upload, beside what its size allows."""
_RETRY_SECONDS: Final = 10


@final
class Incoming:
    """One upload under way."""

    def __init__(self, uploads: "Uploads", user: str) -> None:
        self._uploads = uploads
        self.user = user
        self.held = READ_AHEAD
        """How much memory it takes: what the way to the storage holds, as it said last, and what has come since."""
        self.whole = False
        """Whether all of it has come: it is no longer its client that takes time."""
        self.why: DomainError | None = None
        """Why it was given up, once it was."""
        self.timer: asyncio.Timeout | None = None
        self._now = asyncio.get_running_loop().time
        self._waited, self._came = 0.0, 0
        self._before = (0.0, 0)

    @property
    def pace(self) -> float:
        """Bytes a second, of late, while we waited for its client."""
        waited, came = self._before
        return (came + self._came) / (1.0 + waited + self._waited)

    def keeps(self, size: int) -> None:
        """Take the storage's word for how many of the bytes that came are still in memory."""
        self._hold(READ_AHEAD + size)

    async def take(self, receive: Receive, idle_seconds: float) -> Message:
        """Wait for the next piece of the body; nothing more is taken from the network while nobody asks.

        :raises UploadIncomplete: where the client goes away, is silent for ``idle_seconds``, or too slow over as long
        """
        await self._uploads.room()
        began = self._now()
        try:
            async with asyncio.timeout(idle_seconds):
                message = await receive()
        except TimeoutError:
            raise UploadIncomplete from None
        if message["type"] != "http.request":
            raise UploadIncomplete
        self._watch_the_rate(self._now() - began, len(message.get("body", b"")), idle_seconds)
        self._hold(self.held + len(message.get("body", b"")))
        if not message.get("more_body", False):
            self.whole = True
            self._end_at(None)
        return message

    def give_up(self, why: DomainError, *, after: float = 0) -> None:
        """End it, wherever it is, with this error as its answer."""
        if self.why is None:
            self.why = why
            self._end_at(asyncio.get_running_loop().time() + after)

    def _hold(self, size: int) -> None:
        self._uploads.held += size - self.held
        self.held = size
        self._uploads.changed.set()

    def _end_at(self, when: float | None) -> None:
        if self.timer is not None and not self.timer.expired() and (when is not None or self.why is None):
            self.timer.reschedule(when)

    def _watch_the_rate(self, seconds: float, size: int, window: float) -> None:
        self._waited += seconds
        self._came += size
        if self._waited < window:
            return
        if self._came < self._uploads.least_rate * self._waited:
            raise UploadIncomplete("The upload was given up because it came too slowly; send it again.")
        self._before = (self._waited, self._came)
        self._waited, self._came = 0.0, 0


@final
class Uploads:
    """All uploads under way in this process."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._under_way: set[Incoming] = set()
        self.held = 0
        """Bytes, of all together."""
        self.changed = asyncio.Event()
        """Set whenever memory may have come free."""

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def least_rate(self) -> float:
        """Bytes a second that an upload must come with now: the fuller the second half of the memory, the more."""
        full = self.held / self._settings.upload_memory_bytes
        return float(self._settings.min_upload_bytes_per_second * _STEEP ** min(1.0, max(0.0, 2 * full - 1)))

    @asynccontextmanager
    async def one_more(self, user: str, size: int | None) -> AsyncIterator[Incoming]:
        """Let an upload of ``size`` bytes, if that is known, be under way for as long as the block lasts.

        Begin it before a byte of the file is read.

        :raises RateLimited: where the user, or everybody together, has as many under way as may be; also later, where
            others need the memory more
        :raises UploadInterrupted: where the service ends before the upload does
        :raises UploadIncomplete: where it takes longer than its size and the least rate allow
        """
        incoming = self._admitted(user)
        try:
            async with asyncio.timeout(self._seconds(size)) as incoming.timer:
                yield incoming
        except TimeoutError:
            if incoming.timer is None or not incoming.timer.expired():
                raise
            raise incoming.why or UploadIncomplete(
                "The upload was given up because it took too long; send it again."
            ) from None
        finally:
            self._under_way.remove(incoming)
            self.held -= incoming.held
            self.changed.set()

    async def room(self) -> None:
        """Wait until there is memory for a little more; where none comes free in time, somebody gives up."""
        while self.held > self._settings.upload_memory_bytes:
            self.changed.clear()
            try:
                async with asyncio.timeout(_MEMORY_WAIT_SECONDS):
                    await self.changed.wait()
            except TimeoutError:
                if all(one.why is None for one in self._under_way):  # Else memory is about to come free.
                    self._one_gives_up(than=0)

    def end(self, *, grace_seconds: float) -> None:
        """Interrupt what is still under way; what has come whole has a little more time to be kept."""
        for one in self._under_way:
            one.give_up(UploadInterrupted(), after=grace_seconds if one.whole else 0)

    def _seconds(self, size: int | None) -> float:
        rate, longest = self._settings.min_upload_bytes_per_second, self._settings.upload_timeout_seconds
        return longest if size is None or rate <= 0 else min(longest, _ROUND_SECONDS + size / rate)

    def _admitted(self, user: str) -> Incoming:
        own = sum(one.user == user for one in self._under_way)
        new = Incoming(self, user)
        room = self.held + new.held <= self._settings.upload_memory_bytes
        if own >= self._settings.max_uploads_per_user or not (room or self._one_gives_up(than=own + 1)):
            self._metrics.rejected.labels("uploads").inc()
            raise RateLimited(
                "Too many uploads are under way; wait until one has ended.", retry_after_seconds=_RETRY_SECONDS
            )
        self._under_way.add(new)
        self.held += new.held
        return new

    def _one_gives_up(self, *, than: int) -> bool:
        """Let the user with the most uploads, if they have more ``than`` so many, give up the slowest."""
        going_on = [one for one in self._under_way if one.why is None]
        counts, held = Counter(one.user for one in going_on), Counter[str]()
        for one in going_on:
            held[one.user] += one.held
        candidates = [one for one in going_on if counts[one.user] > than and not one.whole]
        if not candidates:
            return False
        most = max((counts[one.user], held[one.user]) for one in candidates)
        slowest = min((one for one in candidates if (counts[one.user], held[one.user]) == most), key=lambda x: x.pace)
        self._metrics.rejected.labels("slow upload").inc()
        slowest.give_up(
            RateLimited(
                "The upload was given up, for others wait and it was the slowest; send it again later.",
                retry_after_seconds=_RETRY_SECONDS,
            )
        )
        return True


def uploads_of(connection: HTTPConnection) -> Uploads:
    """Return this application's."""
    return cast("Uploads", connection.app.state.uploads)
