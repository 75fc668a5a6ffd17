"""The ffmpeg that decodes: where it is, and whether it does."""

import asyncio
from contextvars import Context
from pathlib import Path
from typing import Final

from structlog.contextvars import bind_contextvars

from app.domain.errors import ProcessingError
from app.domain.options import ExtractionOptions
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import child
from app.infra.ffmpeg.ending import fault_of
from app.infra.ffmpeg.limits import Limits
from app.usecases.ports.frames import DecoderUnavailable, FrameExtractor
from app.usecases.ports.workspaces import Workspaces

_SECONDS: Final = 60.0
_FILM: Final = ("-f", "lavfi", "-i", "color=s=64x48:r=25:d=0.04", "-c:v", "mjpeg", "-f", "matroska")


def program() -> str:
    """Return the path of the ffmpeg that imageio-ffmpeg brings, or of the one that it was told of.

    :raises DecoderUnavailable: where there is none
    """
    try:
        # Here, because who only looks at the tables of this package needs none.
        import imageio_ffmpeg  # noqa: PLC0415

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError) as fault:
        raise DecoderUnavailable(f"there is no ffmpeg ({fault})") from fault


async def try_out(executable: str | None, extractor: FrameExtractor, limits: Limits, workspaces: Workspaces) -> None:
    """Make a film of one picture and take that out of it, as from any video, confined and all.

    :raises DecoderUnavailable: where there is no film, or no picture of it
    :raises OSError: where there is no room to work in
    """
    # What it logs is no part of what becomes of the video after which somebody came to doubt the decoder.
    await asyncio.create_task(_try_out(executable, extractor, limits, workspaces), context=Context())


async def _try_out(executable: str | None, extractor: FrameExtractor, limits: Limits, workspaces: Workspaces) -> None:
    bind_contextvars(trial="of the decoder")
    async with workspaces.directory() as directory:
        source = directory / "source"
        source.write_bytes(await _film(executable or program(), limits, directory))
        try:
            async with extractor.open(source, ExtractionOptions()) as (_, extraction):
                pictures = [frame async for frame in extraction]
        except (ProcessingError, OSError, RuntimeError) as fault:
            raise DecoderUnavailable(f"a film of one picture cannot be decoded ({fault})") from fault
    if len(pictures) != 1:
        raise DecoderUnavailable(f"a film of one picture gives {len(pictures)}")


async def _film(executable: str, limits: Limits, directory: Path) -> bytes:
    budget = TimeBudget(_SECONDS)
    try:
        async with child(
            lambda outputs, _: [executable, "-nostdin", "-v", "error", *_FILM, f"pipe:{outputs[0]}"],
            outputs=1,
            readable=[],
            limits=limits.of_child(_SECONDS),
            budget=budget,
            directory=directory,
        ) as running:
            film = await budget.wait(running.outputs[0].read())
            if fault := await fault_of(running, budget):
                raise fault
    except (ProcessingError, OSError, RuntimeError) as fault:
        raise DecoderUnavailable(f"{executable} does not run ({fault})") from fault
    return film
