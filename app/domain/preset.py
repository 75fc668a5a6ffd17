"""Options under a name, kept to be used again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType
from uuid import uuid4

from app.domain.errors import PresetNotFound
from app.domain.identifiers import parsed_uuid
from app.domain.options import ExtractionOptions
from app.domain.user import UserId, checked_line

PresetId = NewType("PresetId", str)
"""A UUID in its canonical text form."""

MOST_PRESETS: Final = 100
"""So many may one user have."""
_NAME_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Preset:
    """A user's own name for options; each name stands once among its owner's."""

    id: PresetId
    owner: UserId
    name: str
    options: ExtractionOptions
    created_at: datetime
    updated_at: datetime


def new_preset_id() -> PresetId:
    """Make an id that nobody can count or guess (RFC 9562, version 4)."""
    return PresetId(str(uuid4()))


def parsed_preset_id(text: str) -> PresetId:
    """Read a client's id.

    :raises PresetNotFound: where it is no UUID in canonical form, since no such preset can exist
    """
    return PresetId(parsed_uuid(text, PresetNotFound))


def checked_preset_name(text: str) -> str:
    """Return a preset's name as it is kept: NFC, one line, 1 to 100 characters.

    :raises InvalidInput: where it is empty, too long or holds control characters
    """
    return checked_line(text, _NAME_MAX)
