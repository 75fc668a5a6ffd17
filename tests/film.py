"""Does with a film what a worker would, and says how that goes: ``make film FILE=film.mp4``.

The log's lines come too, at their full length: among them is what the decoder said last. Here the code can be stopped
with ``breakpoint()``, which a worker, that answers to a queue, does not wait for.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from app.domain.errors import ProcessingError
from app.domain.options import ExtractionOptions
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.logs import set_up_logs
from tests.extracting import LIMITS

_LEVEL: Final = "debug"


async def told(film: Path) -> str:
    """Take the frames of a film as its owner's upload would give them, and say what came of it."""
    frames = size = 0
    with tempfile.TemporaryDirectory() as folder:  # The extractor wants a directory of its own.
        source = Path(shutil.copy(film, Path(folder) / "source"))
        try:
            async with FfmpegFrameExtractor(LIMITS).open(source, ExtractionOptions()) as (media, extraction):
                print(media)
                async for frame in extraction:
                    frames, size = frames + len(frame.instants), size + len(frame.data)
                print(extraction.reading)
        except ProcessingError as error:
            return f"FAILED after {frames} frames: {error.failure}: {error.message}"
    return f"COMPLETED: {frames} frames, {size} bytes."


if __name__ == "__main__":
    set_up_logs(_LEVEL)
    print(asyncio.run(told(Path(sys.argv[1]))))
