"""Waits for a child's end and says what it means; its last words go to the log, where an operator finds them."""

from typing import Final

import structlog

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import Child
from app.infra.ffmpeg.exits import classify_exit

log = structlog.get_logger(__name__)

_LOGGED: Final = 2000


async def fault_of(ending: Child, budget: TimeBudget) -> Exception | None:
    """Return what the end of a child means, None where it did its work; see ``classify_exit``."""
    code = await budget.wait(ending.ended())
    words = await ending.last_words()
    said = words[-_LOGGED:].decode(errors="replace")
    if code or words:
        log.info("last words of a child", exit_code=code, said=said)
    fault = classify_exit(code, words=words, out_of_time=ending.out_of_time, out_of_memory=ending.out_of_memory)
    if fault is not None and said:
        fault.add_note(said)
    return fault


def broken_by(nonsense: Exception, known: ProcessingError | None = None) -> ProcessingError:
    """Return the failure of a film whose decoder tells nonsense: as where it crashes, it would do so again."""
    said = repr(nonsense)[:_LOGGED]
    log.warning("a child told nonsense", said=said)
    failure = known or ProcessingError(FailureCode.CORRUPT_VIDEO)
    failure.add_note(said)
    return failure


async def refuse_faults(ending: Child, budget: TimeBudget) -> Exception | None:
    """Wait for the end of a child that did not give all that was wanted.

    Return what its end means where the film's damage is to blame; None where it ended well.

    :raises OSError: where the machine is to blame
    :raises ProcessingError: where a limit was reached
    """
    fault = await fault_of(ending, budget)
    if fault is not None and not (isinstance(fault, ProcessingError) and fault.failure is FailureCode.CORRUPT_VIDEO):
        raise fault
    return fault
