"""How many videos one user may have unfinished, so that one user's thousand does not starve another's one."""

from dataclasses import dataclass
from datetime import datetime
from typing import final

from app.domain.errors import QuotaExceeded
from app.domain.user import UserId
from app.usecases.ports import Transaction


@final
@dataclass(frozen=True, slots=True)
class Quota:
    """The limit of unfinished videos, uploads under way included. The caller holds the user's row."""

    max_active: int

    async def check(self, t: Transaction, owner: UserId, now: datetime) -> None:
        """Raise ``QuotaExceeded`` where one more would be too many."""
        if await t.videos.count_unfinished(owner) + await t.intakes.count(owner, now) >= self.max_active:
            raise QuotaExceeded(
                f"You have {self.max_active} videos that are not finished; wait until some of them are.",
                retry_after_seconds=30,
            )
