"""What a fault that was not the video's is called, should it not pass."""

from errno import EAGAIN, ECHILD, EDQUOT, ENOMEM, ENOSPC, ETIME
from typing import Final

from app.domain.errors import ProcessingError, StorageError, StorageFull
from app.domain.failure import NO_SPACE, Failure, FailureCode
from app.usecases.ports.database import DatabaseFull, DatabaseUnavailable
from app.usecases.ports.frames import DecoderUnavailable

_OF_THE_MACHINE: Final = {
    ENOSPC: FailureCode.WORK_DIRECTORY_FULL,
    EDQUOT: FailureCode.WORK_DIRECTORY_FULL,
    ENOMEM: FailureCode.NO_MEMORY,
    EAGAIN: FailureCode.NO_MEMORY,  # No room for one more process.
    ECHILD: FailureCode.WORKER_LOST,  # A child that was ended from outside.
    ETIME: FailureCode.WORKER_LOST,  # One that was stopped there, or starved.
}


_SAID: Final = 2000


def failure_of(fault: Exception) -> Failure:
    """Return the failure of a video that met this fault as often as may be."""
    match fault:
        case StorageFull() | DatabaseFull():
            return Failure(FailureCode.STORAGE_ERROR, NO_SPACE)
        case StorageError() | DatabaseUnavailable():
            code = FailureCode.STORAGE_ERROR
        case DecoderUnavailable():
            code = FailureCode.NO_DECODER
        case MemoryError():
            code = FailureCode.NO_MEMORY
        case OSError():
            code = _OF_THE_MACHINE.get(fault.errno or 0, FailureCode.INTERNAL)
        case _:
            code = FailureCode.INTERNAL
    return Failure(code, code.reason)


def is_full(fault: Exception) -> bool:
    """Whether somebody has to make room before trying again can help."""
    return isinstance(fault, StorageFull | DatabaseFull) or (
        isinstance(fault, OSError) and fault.errno in {ENOSPC, EDQUOT}
    )


def said_by(fault: BaseException) -> str:
    """Return what operators may know of a fault beyond its failure, in at most 2,000 characters; empty for nothing.

    That is itself and its notes (PEP 678), which are the last words of the child that it is about, then those of what
    it came from. The end is what counts.
    """
    said: list[str] = []
    cause: BaseException | None = fault
    while cause is not None:
        said += [] if isinstance(cause, ProcessingError) else [repr(cause)]
        said += getattr(cause, "__notes__", ())
        cause = cause.__cause__
    return "\n".join(said)[-_SAID:]
