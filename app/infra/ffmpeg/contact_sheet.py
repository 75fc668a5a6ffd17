"""The contact sheet: small ones of the planned pictures, side by side in one JPEG."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.domain.options import ImageFormat
from app.infra.ffmpeg import arguments
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import PIPE_BYTES, Child
from app.infra.ffmpeg.ending import refuse_faults
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.split import BrokenStream, picture_size

log = structlog.get_logger(__name__)

COLUMNS: Final = 4
ROWS: Final = 3
_SHEET_BYTES: Final = 16 * 1024 * 1024


async def contact_sheet(recipe: Recipe, tiles: Sequence[bytes], budget: TimeBudget) -> bytes | None:
    """Return the tiles as one picture, None where they do not make one: the ZIP is whole all the same.

    :raises OSError: where the machine is to blame
    """
    try:
        size = picture_size(ImageFormat.JPEG, tiles[0])
    except (IndexError, BrokenStream):
        return None
    async with recipe.run(
        lambda outputs, inputs: arguments.tiling(recipe.limits, size, (COLUMNS, ROWS), inputs[0], outputs[0]),
        budget,
        outputs=1,
        inputs=[b"".join(tiles)],
        readable=[],
    ) as running:
        return await sheet_of(running, budget)


async def sheet_of(tiling: Child, budget: TimeBudget) -> bytes | None:
    """Return the one picture that the child gives, None where it gives none or what is no sheet for its length.

    :raises OSError: where the machine is to blame
    """
    sheet = bytearray()
    while len(sheet) <= _SHEET_BYTES and (piece := await budget.wait(tiling.outputs[0].read(PIPE_BYTES))):
        sheet += piece
    if len(sheet) > _SHEET_BYTES:
        tiling.kill()  # It would not end of itself: nobody reads on.
    elif await budget.wait(tiling.ended()) == 0 and sheet:
        return bytes(sheet)
    else:
        await refuse_faults(tiling, budget)
    log.warning("no contact sheet could be made", size=len(sheet))
    return None
