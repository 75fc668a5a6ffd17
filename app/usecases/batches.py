"""Several videos under one name: made, shown, canceled and deleted as one."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import final

from app.domain.batch import MOST_BATCHES, Batch, BatchCounts, BatchId, checked_batch_name, new_batch_id
from app.domain.errors import (
    BatchNotFound,
    InvalidInput,
    ProcessingAlreadyFinished,
    QuotaExceeded,
    UploadNotFound,
    VideoNotFound,
)
from app.domain.options import ExtractionOptions
from app.domain.preset import PresetId
from app.domain.session import Viewer
from app.domain.video import UNFINISHED, ProcessingStatus
from app.usecases.paging import ANY, Page, Wanted, paged
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.presets import LATER_SECONDS, options_of_preset
from app.usecases.sessions import locked_user
from app.usecases.staged_uploads import StagedUploadUseCases
from app.usecases.videos import VideoUseCases


@dataclass(frozen=True, slots=True)
class BatchOverview:
    """A batch, and how its videos stand."""

    batch: Batch
    counts: BatchCounts

    @property
    def id(self) -> str:
        """Its id, by which it is listed."""
        return self.batch.id

    @property
    def created_at(self) -> datetime:
        """When it was made, by which it is listed."""
        return self.batch.created_at


@final
@dataclass(frozen=True, slots=True)
class BatchUseCases:
    """Make a batch, show it, and do with all of its videos what can be done with each.

    :raises BatchNotFound: from each that names one, where the viewer has none
    """

    transactions: Transactions
    videos: VideoUseCases
    uploads: StagedUploadUseCases
    clock: Clock

    async def create(
        self, viewer: Viewer, name: str, options: ExtractionOptions | None = None, preset: PresetId | None = None
    ) -> BatchOverview:
        """Make a batch, or return the viewer's batch of this name: whoever lost the answer asks again.

        Its options are these, or what a preset stands for now, or none.

        :raises InvalidInput: for a name that breaks a rule, for both options and a preset, and where the batch of this
            name has other options
        :raises PresetNotFound: where the viewer has no such preset
        :raises QuotaExceeded: where there are too many
        """
        if options is not None and preset is not None:
            raise InvalidInput("Choose options or a preset, not both.", field=("presetId",))
        checked, new, now = checked_batch_name(name), new_batch_id(), self.clock.now()

        async def step(t: Transaction) -> BatchOverview:
            user = await locked_user(t, viewer)
            wanted = options if preset is None else await options_of_preset(t, viewer, preset)
            known = await t.batches.by_name(user.id, checked)
            if known is not None:
                return await self._known(t, known, wanted)
            if await t.batches.count(user.id) >= MOST_BATCHES:
                sentence = f"You have {MOST_BATCHES} batches, and there may be no more; delete one first."
                raise QuotaExceeded(sentence, retry_after_seconds=LATER_SECONDS)
            batch = Batch(new, user.id, checked, wanted, now)
            await t.batches.add(batch)
            return BatchOverview(batch, BatchCounts())

        return await self.transactions.write(step)

    async def show(self, viewer: Viewer, batch: BatchId) -> BatchOverview:
        """Return one batch of the viewer's."""
        return await self.transactions.read(lambda t: _own(t, viewer, batch))

    async def list(self, viewer: Viewer, wanted: Wanted = ANY) -> Page[BatchOverview]:
        """Return a page of the viewer's, newest first.

        :raises InvalidInput: for a page size that there is not or a cursor that is not ours
        """
        asked = wanted.slice()

        async def step(t: Transaction) -> Page[BatchOverview]:
            page = await paged(asked, lambda part: t.batches.page(viewer.id, part))
            counts = await t.batches.counts([batch.id for batch in page.entries])
            seen = [BatchOverview(batch, counts.get(batch.id, BatchCounts())) for batch in page.entries]
            return Page(seen, page.has_previous, page.has_next)

        return await self.transactions.read(step)

    async def count(self, viewer: Viewer) -> int:
        """Count those of all pages."""
        return await self.transactions.read(lambda t: t.batches.count(viewer.id))

    async def cancel(self, viewer: Viewer, batch: BatchId) -> BatchOverview:
        """Cancel each of its videos that has not ended, one by one; asked again, it goes on with those that are left.

        What is on its way joins it nevertheless.
        """
        await self.show(viewer, batch)
        for video in await self.transactions.read(lambda t: t.batches.videos(batch, UNFINISHED)):
            with suppress(ProcessingAlreadyFinished, VideoNotFound):
                await self.videos.cancel(viewer, video)
        return await self.show(viewer, batch)

    async def delete(self, viewer: Viewer, batch: BatchId) -> None:
        """Let nothing join it any more, then delete each of its videos, and in the end the batch.

        One after the other and each for good, so that whoever asks again goes on where it broke off; until then the
        batch is there with what is left of it. Unfinished uploads in parts that were to join it go as well.
        """
        await self.transactions.write(lambda t: self._close(t, viewer, batch))
        for upload in await self.transactions.read(lambda t: t.staged_uploads.of(viewer.id)):
            if upload.batch == batch:
                with suppress(UploadNotFound):
                    await self.uploads.abort(viewer, upload.id)
        every = frozenset(ProcessingStatus)
        for video in await self.transactions.read(lambda t: t.batches.videos(batch, every)):
            with suppress(VideoNotFound):
                await self.videos.delete(viewer, video)
        await self.transactions.write(lambda t: t.batches.remove(batch))

    async def _close(self, t: Transaction, viewer: Viewer, batch: BatchId) -> None:
        await t.users.lock(viewer.id)  # As whoever lets a video join it does.
        await _own(t, viewer, batch)
        await t.batches.close(batch, self.clock.now())

    async def _known(self, t: Transaction, known: Batch, wanted: ExtractionOptions | None) -> BatchOverview:
        if known.closed_at is not None:
            raise InvalidInput("The batch of this name is being deleted; choose another name.", field=("name",))
        if wanted is not None and wanted != known.options:
            raise InvalidInput("You have a batch of this name, with other options; choose another.", field=("name",))
        return await overview_of(t, known)


async def _own(t: Transaction, viewer: Viewer, batch: BatchId) -> BatchOverview:
    found = await t.batches.get(batch)
    if found is None or found.owner != viewer.id:
        raise BatchNotFound
    return await overview_of(t, found)


async def overview_of(t: Transaction, batch: Batch) -> BatchOverview:
    """Return a batch with how its videos stand."""
    return BatchOverview(batch, (await t.batches.counts([batch.id])).get(batch.id, BatchCounts()))
