from collections.abc import Collection
from dataclasses import dataclass
from typing import final

from app.domain.batch import BatchId
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, VideoProcessing
from app.usecases.paging import PAGE, Page, checked_page
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
        first: int = PAGE,
        after: str | None = None,
        statuses: Collection[ProcessingStatus] = (),
        batch: BatchId | None = None,
    ) -> Page[VideoProcessing]:
        key = checked_page(first, after)
        wanted = frozenset(statuses) or frozenset(ProcessingStatus)
        found = await self.transactions.read(lambda t: t.videos.page(viewer.id, wanted, key, first + 1, batch))
        return Page.of(found, first)

    async def count(
        self, viewer: Viewer, statuses: Collection[ProcessingStatus] = (), batch: BatchId | None = None
    ) -> int:
        """Count those of all pages."""
        wanted = frozenset(statuses) or frozenset(ProcessingStatus)
        return await self.transactions.read(lambda t: t.videos.count(viewer.id, wanted, batch))
