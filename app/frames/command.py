"""``fiapx frames``: frames of films on this machine, without a service."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog

from app.decoding_settings import FramesSettings
from app.domain.errors import DomainError, ProcessingError
from app.domain.failure import Failure
from app.domain.video import Progress
from app.frames.arguments import Request, Wanted, parsed
from app.frames.composition import TakeFrames
from app.frames.shown import Teller, complain, locale_of, worded
from app.infra.ffmpeg.confinement import Confinement, available, keep_private
from app.infra.ffmpeg.program import program
from app.infra.logs import set_up_logs
from app.settings import LogSettings
from app.terminal import until_ended
from app.usecases.faults import failure_of
from app.usecases.ports.frames import DecoderUnavailable

log = structlog.get_logger(__name__)

FAILED: Final = 1
MISSING_HERE: Final = 3
_PROGRESS_SECONDS: Final = 0.2
_EXTRA: Final = {"av": "av", "imageio_ffmpeg": "imageio-ffmpeg"}
"""What the extra ``worker`` brings: modules, and the packages that hold them."""


def take_frames(words: Sequence[str]) -> int:
    """Carry out what the words ask for, and return the exit code."""
    request = parsed(words)
    settings, logs = FramesSettings(), LogSettings()
    set_up_logs(logs.log_level if "log_level" in logs.model_fields_set else "error")
    if missing := _missing():
        complain(f"{missing} is missing here: pip install 'fiapx[worker]'")
        return MISSING_HERE
    keep_private()
    try:
        confined = available()
        if confined.missing and not _may_go_on(confined, required=settings.require_confinement):
            return MISSING_HERE
        return asyncio.run(until_ended(take_all(request, TakeFrames.of(settings, program()))))
    except OSError as fault:
        complain(f"films cannot be decoded here: {fault}")
        return MISSING_HERE


def _missing() -> str | None:
    return next((package for module, package in _EXTRA.items() if find_spec(module) is None), None)


def _may_go_on(found: Confinement, *, required: bool) -> bool:
    """Print which layers of the decoders' confinement this machine lacks; return whether it may be without."""
    kernel = f"{os.uname().sysname} {os.uname().release} on {os.uname().machine}"
    lacks = f"this kernel ({kernel}) has no {' and '.join(found.missing)}"
    if required:
        complain(f"{lacks}, which FIAPX_REQUIRE_CONFINEMENT asks for")
    else:
        complain(f"decoders are not fully confined here: {lacks}")
    return not required


async def take_all(request: Request, take: TakeFrames) -> int:
    """Take what was asked for, film by film, and return the exit code."""
    teller = Teller(request.quiet, request.as_json)
    failed = [wanted for wanted in request.wanted if not await _take_one(wanted, request, take, teller)]
    return FAILED if failed else 0


async def _take_one(wanted: Wanted, request: Request, take: TakeFrames, teller: Teller) -> bool:
    """Return whether there are frames now; where there are none it was said why.

    :raises DecoderUnavailable: where there can be none of any film
    """
    try:
        with _progress_of(wanted.film, teller) as under_way, _folder_for(wanted.result):
            taken = await take(wanted, request.options, under_way)
    except DecoderUnavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - one film's fault, or a bug of ours, is no reason to leave the others
        teller.failed(wanted, *_told(fault))
        return False
    teller.taken(wanted, taken)
    return True


def _told(fault: Exception) -> tuple[str, str]:
    """Return the code of a fault and the sentence for the user, in their language where it has words for that."""
    match fault:
        case ProcessingError():
            failure = Failure(fault.failure, fault.message)
        case DomainError():
            return fault.code, fault.message
        case OSError(strerror=str(said)):
            return failure_of(fault).code, f"{said}: {fault.filename}" if fault.filename else said
        case _:
            log.error("a film broke", exc_info=fault)
            failure = failure_of(fault)
    return failure.code, worded(failure, locale_of(os.environ))


@contextmanager
def _progress_of(film: Path, teller: Teller) -> Iterator[Callable[[Callable[[], Progress]], None]]:
    """Yield what is to be told where progress can be seen; it is shown until the block is left."""
    watching: list[asyncio.Task[None]] = []

    async def watch(progress: Callable[[], Progress]) -> None:
        while True:
            teller.progress(film, progress())
            await asyncio.sleep(_PROGRESS_SECONDS)

    def under_way(progress: Callable[[], Progress]) -> None:
        if teller.shows_progress:
            watching.append(asyncio.create_task(watch(progress)))

    try:
        yield under_way
    finally:
        for task in watching:
            task.cancel()
        teller.end_of_progress()


@contextmanager
def _folder_for(result: Path) -> Iterator[None]:
    """Make the folder that it is to lie in, where there is none; where nothing comes of it, it goes again."""
    folder = result.absolute().parent
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        yield
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise
