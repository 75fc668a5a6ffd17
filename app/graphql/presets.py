"""Presets as their owner sees them."""

from datetime import datetime

import strawberry

from app.domain import preset
from app.graphql.node import Node
from app.graphql.shown import shown
from app.graphql.videos import ExtractionOptions, options_shown


@strawberry.type(description="Options under a name of the viewer's own.")
class Preset(Node):
    """As ``app.domain.preset.Preset``."""

    id: strawberry.ID = strawberry.field(description="What createBatch and deletePreset take.")
    name: str = strawberry.field(description="What its owner calls it; each name stands once among theirs.")
    options: ExtractionOptions = strawberry.field(description="The options, defaults filled in.")
    created_at: datetime = strawberry.field(description="When there was one of this name first.")
    updated_at: datetime = strawberry.field(description="When its options were set last.")

    @classmethod
    def of(cls, found: preset.Preset) -> "Preset":
        return shown(cls, found, options=options_shown(found.options))
