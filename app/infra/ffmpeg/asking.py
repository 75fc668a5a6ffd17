"""What the decoder must be asked before there is a plan: where scenes change, how sharp and how alike pictures are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from app.domain.culling import Culling, Measured
from app.domain.plan import Plan, candidates, needs_survey, plan_culled, plan_surveyed, without_dropping
from app.domain.presentation import Presentation
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.feasibility import by_exact_times, refuse_too_much, settled
from app.infra.ffmpeg.measuring import measure
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.survey import Surveyed, survey

_ALL_SEEN: Final = "only the decoder knows where scenes change"
_COMPARED: Final = "all is decoded to compare"


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """The plan, and what was decoded to make it: so many packets, and why all of them, None where they were not."""

    plan: Plan
    packets: int
    whole: str | None


@final
@dataclass(frozen=True, slots=True)
class Asking:
    """Asks; ``distrust`` is as in ``settled``, ``decode_all`` as the extractor has it."""

    shown: Presentation
    distrust: str | None
    decode_all: bool = False

    async def __call__(self, recipe: Recipe, budget: TimeBudget, advanced: Callable[[float], None]) -> Asked:
        """Ask, and plan; ``advanced`` is told which share of the asking is done.

        :raises ProcessingError: where a picture cannot be decoded, where nothing can be taken, or too much
        :raises OSError: where the machine is to blame
        """
        film, options, most = recipe.film, recipe.options, recipe.limits.settings.max_frames_per_video
        packets = len(film.packets)
        if not needs_survey(film, options):
            return await self._cull(recipe, budget, None, advanced)
        half = 0.5 if options.is_culled else 1.0
        found = await survey(recipe, budget, lambda seen: advanced(half * min(1.0, seen / packets)))
        if options.is_culled:
            culled = await self._cull(recipe, budget, found, lambda share: advanced(half + (1 - half) * share))
            return Asked(culled.plan, packets, culled.whole or _ALL_SEEN)
        plan = await asyncio.to_thread(plan_surveyed, film, options, found, most=most, shown=self.shown)
        plan = await asyncio.to_thread(settled, plan, film, self.distrust)
        return Asked(plan, packets, plan.whole or _ALL_SEEN)

    async def _cull(
        self, recipe: Recipe, budget: TimeBudget, found: Surveyed | None, advanced: Callable[[float], None]
    ) -> Asked:
        """Look at what may be taken, and plan what is worth it."""
        film, options, settings = recipe.film, recipe.options, recipe.limits.settings
        most = settings.max_frames_per_video
        seen = await asyncio.to_thread(candidates, film, options, found, most=most, shown=self.shown)
        looked = await asyncio.to_thread(self._settled, seen.plan, recipe)
        refuse_too_much(film, looked, settings.max_decoded_pixels)
        culling, all_of_them = Culling(options, seen.groups), len(seen.plan.pictures)

        def see(number: int, measured: Measured) -> None:
            culling.see(number, measured)
            advanced(culling.seen / all_of_them)

        looked = await measure(recipe, looked, budget, see)
        plan = await asyncio.to_thread(plan_culled, film, seen, culling, most=most, shown=self.shown)
        plan = await asyncio.to_thread(self._settled, plan, recipe)
        if looked.keep is None:  # What did not suffice for more pictures would not for some of them.
            plan = without_dropping(plan, looked.whole or _COMPARED)
        return Asked(plan, looked.decoded(len(film.packets)), looked.whole)

    def _settled(self, plan: Plan, recipe: Recipe) -> Plan:
        plan = by_exact_times(settled(plan, recipe.film, self.distrust), recipe.film)
        return without_dropping(plan, _COMPARED) if self.decode_all else plan
