"""Why something was not done."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import final

from fiapx_client import codes


@final
class Refused(Exception):
    """Something was refused, or failed: ``code`` is for programs, ``message`` is a sentence for people, in English.

    Most codes are the service's (``docs/errors.md``). The client's own are ``NETWORK`` (nobody answered, thirty times
    in a row), ``UNREADABLE`` (the file cannot be read, or was changed while it was sent), ``STORAGE_UNREACHABLE`` (the
    service answers, but no part ever got through to the storage, and the film is too large for one request),
    ``DAMAGED`` (what was downloaded has another checksum) and ``INTERNAL`` (the answer made no sense).
    """

    def __init__(
        self, code: str, message: str = "", *, retry_after_seconds: float | None = None, field: Sequence[str] = ()
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or code
        self.retry_after_seconds = retry_after_seconds
        """Seconds after which to ask again, where the service or the storage said so."""
        self.field = tuple(field)
        """What of the input is at fault, outermost first."""

    def __str__(self) -> str:
        return self.message


@final
class Stopped(Exception):
    """The upload was stopped or canceled, or its client was closed before it had ended."""

    def __init__(self, message: str = "The upload was stopped.") -> None:
        super().__init__(message)


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Read the header Retry-After (RFC 9110, section 10.2.3): seconds from now, or None where it says nothing."""
    if not header:
        return None
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - (now or datetime.now(UTC))).total_seconds(), 0.0)


def no_sense(what: str = "The service's answer") -> Refused:
    """Return what an answer is that nobody can read."""
    return Refused(codes.INTERNAL, f"{what} makes no sense.")
