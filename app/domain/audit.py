"""What operators did: who, when, what, with what, why, and how it ended."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from app.domain.described import Described
from app.domain.errors import InvalidInput
from app.domain.user import UserId
from app.domain.video import VideoId

DONE: Final = "done"
"""The outcome of what was done; that of what was refused is the error's code."""
_REASON_MAX: Final = 500


class Deed(Described):
    """What an operator can do."""

    RETRY = "retry", "A failed video is processed again, as a new processing."
    CANCEL = "cancel", "A processing that has not ended is failed."
    RELEASE = "release", "The lease is taken from an attempt, so that another begins."
    PAUSE = "pause", "No new attempt begins; what runs goes on, and uploads are accepted."
    RESUME = "resume", "Attempts begin again."
    QUOTA = "quota", "A user may have more, or less, than the settings say."
    DISABLE = "disable", "A user's sessions end, and nobody can sign in with the account."
    ENABLE = "enable", "A user can sign in again."
    MEND = "mend", "What a doctor found wrong is mended; the details say by which step, and to how many."
    ROLE = "role", "A user becomes an operator, or is one no more."


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts: somebody at a shell of the service's, who needs no account, or a ``user`` who has the role.

    Whether that user still has it is looked up in the transaction of each deed.
    """

    name: str
    user: UserId | None = None

    @classmethod
    def at_shell(cls, login: str, host: str) -> Self:
        """Return who is known by the login name on this machine."""
        return cls(f"{login}@{host}")

    @classmethod
    def signed_in(cls, user: UserId) -> Self:
        """Return who is known by a session of this user's."""
        return cls(user, user)


@dataclass(frozen=True, slots=True)
class Target:
    """What a deed is done to."""

    kind: str
    id: str | None = None

    @classmethod
    def video(cls, video: VideoId) -> Self:
        """Return a processing as a target."""
        return cls("video", video)

    @classmethod
    def user(cls, user: UserId | None) -> Self:
        """Return a user as a target; None is all of them."""
        return cls("service") if user is None else cls("user", user)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed, or one that was refused: ``outcome`` is ``DONE``, or the code of the error.

    ``operator`` is ``login@host`` of a shell, or a user's id. ``details`` are what the deed was given, and made.
    """

    id: str
    created_at: datetime
    operator: str
    deed: str
    target_kind: str
    target_id: str | None
    outcome: str
    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def checked_reason(text: str | None) -> str | None:
    """Return an operator's reason as it is kept: one line of at most 500 characters; None for none.

    :raises InvalidInput: where it is longer, or holds what cannot be seen
    """
    reason = " ".join((text or "").split())
    if len(reason) > _REASON_MAX or any(unicodedata.category(c) in {"Cc", "Cs"} for c in reason):
        raise InvalidInput(f"A reason is one line of at most {_REASON_MAX} characters.", field=("reason",))
    return reason or None
