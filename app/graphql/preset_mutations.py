"""Presets: kept and forgotten."""

from typing import Annotated

import strawberry

from app.domain.preset import MOST_PRESETS, parsed_preset_id
from app.domain.session import Scope
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import PresetInput
from app.graphql.presets import Preset
from app.graphql.results import Deleted, DeletedResult, PresetResult


@strawberry.type
class PresetMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=False,
        description="Keep options under a name; the viewer's preset of this name, if there is one, has these from now "
        f"on. There may be {MOST_PRESETS} of one user.",
    )
    async def save_preset(
        self, info: Info, input: Annotated[PresetInput, strawberry.argument(description="The name and the options.")]
    ) -> PresetResult:
        viewer, options = info.context.allowed(Scope.UPLOAD), input.options.to_domain()
        return Preset.of(await info.context.do.presets.save(viewer, input.name, options))

    @mutation(once=False, description="Forget a preset; what was sent with it keeps the options that it had.")
    async def delete_preset(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The preset's id.")]
    ) -> DeletedResult:
        await info.context.do.presets.delete(info.context.allowed(Scope.DELETE), parsed_preset_id(id))
        return Deleted(id=id)
