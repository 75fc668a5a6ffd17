from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any, TypeVar, cast

from app.usecases.collect_garbage import CollectGarbage
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.ports.upload_reservations import UploadReservations
from app.usecases.ports.videos import Videos
from tests.contracts.story import Story, a_reservation, a_video, after
from tests.fakes.clock import SettableClock
from tests.fakes.storage import MemoryObject, MemoryStorage

T = TypeVar("T")
DAY = timedelta(hours=24)


class _Asked:
    """A table that lets something happen as soon as it has said which keys it knows."""

    def __init__(self, real: Videos | UploadReservations, happens: Callable[[], Awaitable[None]]) -> None:
        self._real = real
        self._happens = happens

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        found = await self._real.known_keys(keys)
        await self._happens()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class BetweenTwoQuestions:
    """Real transactions, where something is committed elsewhere after a reading step's first question."""

    def __init__(self, real: Transactions, event: Callable[[], Awaitable[None]]) -> None:
        self.write = real.write
        self.happened = False
        self._real = real
        self._event = event

    async def read(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        async def watched(t: Transaction) -> T:
            t.videos = cast("Any", _Asked(t.videos, self._once))
            t.reservations = cast("Any", _Asked(t.reservations, self._once))
            return await step(t)

        return await self._real.read(watched)

    async def _once(self) -> None:
        if not self.happened:
            self.happened = True
            await self._event()


async def test_housekeeping_leaves_the_source_of_an_upload_that_is_accepted_while_it_looks(story: Story) -> None:
    owner, clock = await story.user(), SettableClock()
    reservation = a_reservation(owner, expires=10 * DAY.total_seconds())
    await story.reservation(reservation)
    storage = MemoryStorage(clock)
    storage.objects[reservation.source_key] = MemoryObject(b"a video", "video/mp4", clock.now())
    clock.advance(DAY.total_seconds() + 1)

    async def accepted() -> None:
        async def step(t: Transaction) -> None:
            assert await t.reservations.remove(reservation.id)
            video = a_video(owner, id=reservation.id)
            await t.videos.add(video, idempotency_key=None, request_digest="", wake_at=after(0))

        await story.transactions.write(step)

    transactions = BetweenTwoQuestions(story.transactions, accepted)
    assert await CollectGarbage(transactions, storage, clock, DAY, DAY, DAY)() == 0
    assert transactions.happened
    assert reservation.source_key in storage.objects
