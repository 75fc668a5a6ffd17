"""How a video comes into a batch."""

from collections.abc import Awaitable, Callable

from app.domain.batch import MOST_IN_A_BATCH, Batch, BatchCounts, BatchId
from app.domain.errors import BatchNotFound, InvalidInput
from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.user import UserId
from app.domain.video import VideoId
from app.usecases.ports.transactions import Transaction, Transactions


async def options_for(
    transactions: Transactions, viewer: Viewer, own: ExtractionOptions | None, batch: BatchId | None
) -> ExtractionOptions:
    """Return the options of an upload: its own, else those of the batch that it is to join, else the usual ones.

    :raises BatchNotFound: where the viewer has no such batch, or it is being deleted
    """
    joined = None if batch is None else await transactions.read(lambda t: _open_batch(t, viewer.id, batch))
    return own or (joined.options if joined else None) or ExtractionOptions()


async def check_room_in(t: Transaction, batch: BatchId | None) -> None:
    """Raise ``InvalidInput`` where no more videos may be in this batch."""
    if batch is not None and await _size(t, batch) >= MOST_IN_A_BATCH:
        raise InvalidInput(
            f"This batch has {MOST_IN_A_BATCH} videos, and there may be no more; begin another one.",
            field=("batchId",),
        )


def joining(owner: UserId, batch: BatchId | None, video: VideoId) -> Callable[[Transaction], Awaitable[None]] | None:
    """Return the step that puts a new video into a batch; None where it joins none.

    Its owner's row must be locked, as whoever deletes a batch locks it. The step raises ``BatchNotFound`` where the
    owner has no such batch, or it is being deleted, and ``InvalidInput`` where no more may be in it.
    """
    if batch is None:
        return None

    async def step(t: Transaction) -> None:
        await _open_batch(t, owner, batch)
        await check_room_in(t, batch)
        await t.batches.join(batch, video)

    return step


async def join_batch_of(t: Transaction, first: VideoId, again: VideoId) -> None:
    """Put a video whose file is processed again where the first one is, if that batch takes any."""
    batch = await t.batches.of_video(first)
    if batch is not None and batch.closed_at is None and await _size(t, batch.id) < MOST_IN_A_BATCH:
        await t.batches.join(batch.id, again)


async def _open_batch(t: Transaction, owner: UserId, batch: BatchId) -> Batch:
    found = await t.batches.get(batch)
    if found is None or found.owner != owner:
        raise BatchNotFound
    if found.closed_at is not None:
        raise BatchNotFound("This batch is being deleted.")
    return found


async def _size(t: Transaction, batch: BatchId) -> int:
    return (await t.batches.counts([batch])).get(batch, BatchCounts()).total
