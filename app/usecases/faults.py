"""What a fault that was not the video's is called, should it not pass."""

from errno import EAGAIN, ECHILD, EDQUOT, ENOMEM, ENOSPC, ETIME
from typing import Final

from app.domain.errors import StorageError, StorageFull
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
