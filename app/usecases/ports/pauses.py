"""The record of whose videos wait by an operator's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.user import UserId


@dataclass(frozen=True, slots=True)
class Pause:
    """Of this owner's videos, or of all where there is none, no attempt begins since then."""

    owner: UserId | None
    since: datetime


class Pauses(Protocol):
    """The table ``pauses``. An owner is None where all are meant; a pause of all leaves those of owners as they are."""

    async def begin(self, owner: UserId | None, at: datetime) -> None:
        """Pause; one that began before stays as it is."""

    async def end(self, owner: UserId | None) -> None:
        """Let attempts begin again, where no other pause keeps them from it."""

    async def all(self) -> Sequence[Pause]:
        """Return all there are, the first that began first."""
