"""What can be done with batches."""

from typing import Annotated

import strawberry

from app.domain.batch import MOST_BATCHES, MOST_IN_A_BATCH, parsed_batch_id
from app.domain.preset import parsed_preset_id
from app.domain.session import Scope
from app.graphql.batches import Batch
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import CreateBatchInput
from app.graphql.results import BatchResult, Deleted, DeletedResult

_Id = Annotated[strawberry.ID, strawberry.argument(description="The batch's id.")]


@strawberry.type
class BatchMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=True,
        description="Make a batch, which uploads join by its id; the viewer's batch of this name, if there is one, is "
        f"returned as it is. There may be {MOST_BATCHES} of one user, and {MOST_IN_A_BATCH} videos in one.",
    )
    async def create_batch(
        self, info: Info, input: Annotated[CreateBatchInput, strawberry.argument(description="Name and options.")]
    ) -> BatchResult:
        viewer, options = info.context.allowed(Scope.UPLOAD), input.options.to_domain() if input.options else None
        preset = None if input.preset_id is None else parsed_preset_id(input.preset_id)
        return Batch.of(await info.context.do.batches.create(viewer, input.name, options, preset))

    @mutation(
        once=True,
        description="Stop each processing of a batch that has not ended; where that breaks off, ask once more.",
    )
    async def cancel_batch(self, info: Info, id: _Id) -> BatchResult:
        return Batch.of(await info.context.do.batches.cancel(info.context.allowed(Scope.DELETE), parsed_batch_id(id)))

    @mutation(
        once=True,
        description="Remove a batch with all its videos and their stored files. From then on nothing joins it, and it "
        "is gone when all of them are; where that breaks off, ask once more.",
    )
    async def delete_batch(self, info: Info, id: _Id) -> DeletedResult:
        await info.context.do.batches.delete(info.context.allowed(Scope.DELETE), parsed_batch_id(id))
        return Deleted(id=id)
