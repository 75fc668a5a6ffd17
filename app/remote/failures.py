"""How a command ends, and what it ends with where something goes wrong."""

from typing import Final, final

from fiapx_client import Refused, codes

FAILED: Final = 1
WRONG_USE: Final = 2
NOT_SIGNED_IN: Final = 3
"""Or nobody answers: nothing can be asked for."""
_NOBODY: Final = frozenset({codes.UNAUTHENTICATED, codes.INVALID_CREDENTIALS, codes.NETWORK})
_LOCAL: Final = "LOCAL"
"""The code of what is wrong on this machine."""


@final
class CannotGoOn(Exception):
    """A command ends here, with this sentence and exit code."""

    def __init__(self, sentence: str, exit_code: int = NOT_SIGNED_IN) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def exit_code_of(fault: Exception) -> int:
    """Return what a command ends with for this reason."""
    if isinstance(fault, CannotGoOn):
        return fault.exit_code
    return NOT_SIGNED_IN if isinstance(fault, Refused) and fault.code in _NOBODY else FAILED


def told(fault: Exception) -> tuple[str, str]:
    """Return a fault's code, for programs, and its sentence; raises what is a bug of ours."""
    match fault:
        case Refused():
            again = "; sign in again: fiapx login" if fault.code == codes.UNAUTHENTICATED else ""
            return fault.code, f"{fault.message.rstrip('.')}{again}."
        case CannotGoOn():
            return _LOCAL, str(fault)
        case OSError(strerror=str(said)):
            return _LOCAL, f"{said}: {fault.filename}." if fault.filename else f"{said}."
        case OSError():
            return _LOCAL, str(fault)
        case _:
            raise fault
