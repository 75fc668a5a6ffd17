"""Looks at pictures of a plan without encoding them: how sharp and how black they are, and what they look like."""

import asyncio
from asyncio import IncompleteReadError
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import groupby
from math import isfinite
from operator import attrgetter
from typing import Final, final

import structlog

from app.domain.culling import CELLS, Measured
from app.domain.plan import Plan, PlannedPicture, without_dropping
from app.infra.ffmpeg import arguments
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import Child
from app.infra.ffmpeg.decoding import placed
from app.infra.ffmpeg.ending import broken_by, refuse_faults
from app.infra.ffmpeg.feasibility import cannot_be_decoded, refuse_damaged
from app.infra.ffmpeg.filters import Filters, of_look
from app.infra.ffmpeg.recipe import Recipe

log = structlog.get_logger(__name__)

_SHARPNESS: Final = b"lavfi.siti.si"
_BLACKNESS: Final = b"lavfi.blackframe.pblack"


@final
class Measuring:
    """A run under way: iterate over ``pictures`` once. ``fault`` is what its end meant, where one did not come."""

    def __init__(self, running: Child, plan: Plan, wanted: Sequence[PlannedPicture], keys: Sequence[bytes]) -> None:
        self._child = running
        self._plan = plan
        self._wanted = wanted
        self._keys = keys
        self.fault: Exception | None = None

    async def pictures(self, budget: TimeBudget) -> AsyncIterator[tuple[int, Measured]]:
        """Yield the wanted pictures' numbers in order with what was measured; ends early where one does not come.

        :raises OSError: where the machine is to blame
        :raises ProcessingError: where a limit was reached, or what comes is nonsense
        """
        cells, lines, _ = self._child.outputs
        seen = Counter[int]()
        following = self._wanted[0]
        try:
            for following in self._wanted:
                while True:  # Others of the same time come, too.
                    look = await budget.wait(cells.readexactly(CELLS * CELLS))
                    number, _, ticks = (await budget.wait(lines.readline())).partition(b" ")
                    said = await self._said(budget)
                    shown = int(number if self._plan.by_number else ticks)
                    rank, seen[shown] = seen[shown], seen[shown] + 1
                    if (shown, rank) == placed(self._plan, following):
                        break
                yield following.number, Measured(said.get(_SHARPNESS), _share(said.get(_BLACKNESS)), look)
        except IncompleteReadError:
            self.fault = await refuse_faults(self._child, budget)
        except ValueError as nonsense:
            self._child.kill()
            raise broken_by(nonsense, cannot_be_decoded(following.time)) from None

    async def _said(self, budget: TimeBudget) -> Mapping[bytes, float]:
        """Read on until all is known of one picture; ffmpeg writes that before the picture."""
        said: dict[bytes, float] = {}
        while len(said) < len(self._keys):
            line = await budget.wait(self._child.outputs[2].readline())
            if not line:
                raise ValueError("a picture was not measured")
            key, _, value = line.partition(b"=")
            if key in self._keys:
                said[key] = float(value)
                if not isfinite(said[key]):
                    raise ValueError("a measure is no number")
        return said


@asynccontextmanager
async def _measuring(
    recipe: Recipe, plan: Plan, wanted: Sequence[PlannedPicture], budget: TimeBudget
) -> AsyncIterator[Measuring]:
    plan = await asyncio.to_thread(of_look, recipe.film, plan, recipe.look)
    filters = await asyncio.to_thread(Filters.measuring, recipe, plan, wanted)
    keys = [
        *([_SHARPNESS] if recipe.options.sharpest else []),
        *([_BLACKNESS] if recipe.options.skip_black else []),
    ]
    texts = [filters.graph, *([filters.packets] if filters.packets is not None else [])]
    async with recipe.run(
        lambda outputs, inputs: arguments.measuring(recipe, filters, inputs, outputs, scored=bool(keys)),
        budget,
        outputs=3,
        inputs=[text.encode() for text in texts],
        readable=[recipe.source],
    ) as running:
        yield Measuring(running, plan, wanted, keys)


async def measure(recipe: Recipe, plan: Plan, budget: TimeBudget, seen: Callable[[int, Measured], None]) -> Plan:
    """Measure all pictures of a plan, in order; return it as it was carried out: with all packets where need be.

    :raises OSError: where the machine is to blame
    :raises ProcessingError: where a picture cannot be decoded, or a limit was reached
    """
    wanted = plan.pictures
    while wanted:
        await asyncio.to_thread(refuse_damaged, recipe.film, plan, recipe.options)
        look, group = next(groupby(wanted, key=attrgetter("look")))
        alike, done = list(group), 0
        async with _measuring(replace(recipe, look=look), plan, alike, budget) as run:
            async for number, measured in run.pictures(budget):
                done += 1
                seen(number, measured)
        wanted = wanted[done:]
        if done < len(alike):
            if plan.keep is None:
                raise cannot_be_decoded(wanted[0].time) from run.fault
            why = f"the planned packets did not give the picture at {wanted[0].time:.3f} s"
            log.warning("planned decoding fell short, all is decoded", why=why)
            plan = without_dropping(plan, why)
    return plan


def _share(per_cent: float | None) -> float | None:
    return None if per_cent is None else per_cent / 100
