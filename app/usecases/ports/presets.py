"""The record of presets."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.preset import Preset, PresetId
from app.domain.user import UserId


class Presets(Protocol):
    """The table ``presets``."""

    async def of(self, owner: UserId) -> Sequence[Preset]:
        """Return one user's, by their names."""

    async def get(self, preset: PresetId) -> Preset | None: ...
    async def add(self, preset: Preset) -> None: ...
    async def replace(self, preset: Preset) -> None:
        """Let the one with this id have these options, as of its ``updated_at``."""

    async def remove(self, owner: UserId, preset: PresetId) -> bool: ...
