"""Options under a name, kept to be used again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from app.domain.errors import PresetNotFound, QuotaExceeded
from app.domain.options import ExtractionOptions
from app.domain.preset import MOST_PRESETS, Preset, PresetId, checked_preset_name, new_preset_id
from app.domain.session import Viewer
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import locked_user

LATER_SECONDS: Final = 3600
"""Nobody knows when one will be removed."""


@final
@dataclass(frozen=True, slots=True)
class PresetUseCases:
    """Keep options under a name, list them, and forget them; what was sent with them keeps the options that it had."""

    transactions: Transactions
    clock: Clock

    async def list(self, viewer: Viewer) -> Sequence[Preset]:
        """Return the viewer's, by their names."""
        return await self.transactions.read(lambda t: t.presets.of(viewer.id))

    async def save(self, viewer: Viewer, name: str, options: ExtractionOptions) -> Preset:
        """Keep options under a name; the viewer's preset of this name, if there is one, has these from now on.

        :raises InvalidInput: for a name that breaks a rule
        :raises QuotaExceeded: where there are too many
        """
        checked, new, now = checked_preset_name(name), new_preset_id(), self.clock.now()

        async def step(t: Transaction) -> Preset:
            user = await locked_user(t, viewer)
            known = await t.presets.of(user.id)
            former = next((one for one in known if one.name == checked), None)
            if former is not None:
                changed = replace(former, options=options, updated_at=now)
                await t.presets.replace(changed)
                return changed
            if len(known) >= MOST_PRESETS:
                sentence = f"You have {MOST_PRESETS} presets, and there may be no more; delete one first."
                raise QuotaExceeded(sentence, retry_after_seconds=LATER_SECONDS)
            preset = Preset(new, user.id, checked, options, now, now)
            await t.presets.add(preset)
            return preset

        return await self.transactions.write(step)

    async def delete(self, viewer: Viewer, preset: PresetId) -> None:
        """Forget one.

        :raises PresetNotFound: where the viewer has no such preset
        """
        if not await self.transactions.write(lambda t: t.presets.remove(viewer.id, preset)):
            raise PresetNotFound


async def options_of_preset(t: Transaction, viewer: Viewer, preset: PresetId) -> ExtractionOptions:
    """Return what one of the viewer's presets stands for now; raises ``PresetNotFound`` where there is none."""
    found = await t.presets.get(preset)
    if found is None or found.owner != viewer.id:
        raise PresetNotFound
    return found.options
