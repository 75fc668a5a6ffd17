"""Mend what was found wrong, as far as that can be done beside a service at work."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import final

from app.domain.audit import Deed, Operator, Target
from app.domain.diagnosis import LONG, FindingCode, Repair, RepairKind
from app.domain.errors import StorageError
from app.usecases.audit import AuditedDeeds, Done
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.transactions import Transaction
from app.usecases.release_processing import ReleaseProcessing
from app.usecases.remove_objects import RemoveObjects
from app.usecases.replace_lost_zips import ReplaceLostZips
from app.usecases.sweep_due_videos import SweepDueVideos


@final
@dataclass(frozen=True, slots=True)
class MendService:
    """Do what mends findings of these kinds; each step is in the audit log.

    Each step is one that the service takes by itself too, and looks again at all that it changes: it bears that others
    do the same at the same time, and touches nothing that may still be under way.
    """

    replace_lost_zips: ReplaceLostZips
    release: ReleaseProcessing
    sweep: SweepDueVideos
    collect_garbage: CollectGarbage
    remove_objects: RemoveObjects
    deeds: AuditedDeeds
    clock: Clock

    async def __call__(self, operator: Operator, found: Collection[FindingCode]) -> AsyncIterator[Repair]:
        steps: dict[RepairKind, Callable[[], Awaitable[int]]] = {
            RepairKind.REPLACE_LOST_ZIPS: self.replace_lost_zips,
            RepairKind.RELEASE: self._release,
            RepairKind.SWEEP: self._sweep,
            RepairKind.COLLECT_GARBAGE: self.collect_garbage,
            RepairKind.REMOVE_OBJECTS: self.remove_objects,
        }
        if FindingCode.FOREIGN_BUCKET in found:  # All that others keep there would be an orphan.
            del steps[RepairKind.COLLECT_GARBAGE]
        for kind, step in steps.items():
            if not kind.mends.isdisjoint(found):
                repair = await _tried(kind, step)
                await self._write_down(operator, repair)
                yield repair

    async def _write_down(self, operator: Operator, repair: Repair) -> None:
        told = {"step": repair.kind.value, "count": repair.count, "fault": repair.fault}

        async def step(t: Transaction, now: datetime) -> Done[None]:
            del t, now  # It was a transaction of its own, or many: not all that it did is in the database.
            return Done(None, told)

        await self.deeds.carry_out(operator, Deed.MEND, Target.user(None), None, step)

    async def _release(self) -> int:
        return await self.release.all_run_out(self.clock.now() - LONG)

    async def _sweep(self) -> int:
        count = 0
        while swept := await self.sweep():
            count += swept
        return count


async def _tried(kind: RepairKind, step: Callable[[], Awaitable[int]]) -> Repair:
    try:
        return Repair(kind, await step())
    except (StorageError, DatabaseUnavailable) as fault:
        return Repair(kind, 0, fault=str(fault) or type(fault).__name__)
