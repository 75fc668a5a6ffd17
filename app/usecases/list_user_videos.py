from collections.abc import Collection
from dataclasses import dataclass
from typing import final

from app.domain.batch import BatchId
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, VideoProcessing
from app.usecases.paging import ANY, Page, Wanted, paged
from app.usecases.ports.transactions import Transactions


@final
@dataclass(frozen=True, slots=True)
class ListUserVideos:
    """Return a page of the viewer's processings by keyset, so that new ones in front move nothing.

    In these states, or in all of them where none is named; of one batch, where that is named.

    :raises InvalidInput: for a page size that there is not or a cursor that is not ours
    """

    transactions: Transactions

    async def __call__(
        self,
        viewer: Viewer,
        wanted: Wanted = ANY,
        statuses: Collection[ProcessingStatus] = (),
        batch: BatchId | None = None,
    ) -> Page[VideoProcessing]:
        asked, states = wanted.slice(), frozenset(statuses) or frozenset(ProcessingStatus)
        return await self.transactions.read(
            lambda t: paged(asked, lambda part: t.videos.page(viewer.id, states, part, batch))
        )

    async def count(
        self, viewer: Viewer, statuses: Collection[ProcessingStatus] = (), batch: BatchId | None = None
    ) -> int:
        """Count those of all pages."""
        wanted = frozenset(statuses) or frozenset(ProcessingStatus)
        return await self.transactions.read(lambda t: t.videos.count(viewer.id, wanted, batch))
