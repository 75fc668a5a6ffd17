"""Asks the decoder what only it can tell, in a first pass over the whole film.

That is where scenes change, and the key pictures of a film whose container does not tell the pictures' order.
"""

import asyncio
from asyncio import StreamReader
from collections.abc import Callable
from typing import Final

from app.domain.options import SelectionKind
from app.infra.ffmpeg import arguments
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import Child
from app.infra.ffmpeg.ending import broken_by, fault_of
from app.infra.ffmpeg.feasibility import refuse_damaged
from app.infra.ffmpeg.filters import packet_filter
from app.infra.ffmpeg.recipe import Recipe

Surveyed = list[tuple[int, int]]
"""The number in the decoder's output and the time in ticks of each picture that was chosen."""

_SCORE: Final = b"lavfi.scene_score="


async def survey(recipe: Recipe, budget: TimeBudget, advanced: Callable[[int], None]) -> Surveyed:
    """Decode all and return the pictures that the selection chooses; ``advanced`` is told how many were seen.

    :raises ProcessingError: where a picture cannot be decoded: every one of them counts; where nonsense is told
    :raises OSError: where the machine is to blame
    """
    select = recipe.options.select
    scenes = select.kind is SelectionKind.SCENE_CHANGE
    await asyncio.to_thread(refuse_damaged, recipe.film, None, recipe.options)
    dropped = await asyncio.to_thread(packet_filter, recipe.film)
    async with recipe.run(
        lambda outputs, _: arguments.surveying(recipe, dropped, outputs, scenes=scenes),
        budget,
        outputs=2,
        readable=[recipe.source],
    ) as running:
        found = await found_by(running, select.value if scenes else None, budget, advanced)
        if fault := await fault_of(running, budget):
            raise fault
    return found


async def found_by(
    surveying: Child, least: float | None, budget: TimeBudget, advanced: Callable[[int], None]
) -> Surveyed:
    """Return the pictures that the child tells of, only those with a score above ``least`` if that is not None.

    :raises ProcessingError: where it tells nonsense
    """
    found: Surveyed = []
    lines, scores = surveying.outputs
    try:
        while line := await budget.wait(lines.readline()):
            number, _, ticks = line.partition(b" ")
            if least is None or await _score(scores, budget) > least:
                found.append((int(number), int(ticks)))
            advanced(int(number) + 1)
    except ValueError as nonsense:
        raise broken_by(nonsense) from None
    return found


async def _score(scores: StreamReader, budget: TimeBudget) -> float:
    while line := await budget.wait(scores.readline()):
        if line.startswith(_SCORE):
            return float(line.removeprefix(_SCORE))
    return 0.0
