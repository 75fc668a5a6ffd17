"""Imports: asked for, and canceled."""

from typing import Annotated

import strawberry

from app.domain.options import ExtractionOptions
from app.domain.session import Scope
from app.domain.staged_upload import parsed_upload_id
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.imports import VideoImport
from app.graphql.inputs import ImportVideoInput
from app.graphql.results import VideoImportResult


@strawberry.type
class ImportMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=True,
        description="Have a film fetched from a link, by the service itself, and processed. Answers at once; "
        "importStatus tells how it goes.",
    )
    async def import_video(
        self, info: Info, input: Annotated[ImportVideoInput, strawberry.argument(description="The link.")]
    ) -> VideoImportResult:
        applied = input.options.to_domain() if input.options else ExtractionOptions()
        viewer, imports = info.context.allowed(Scope.UPLOAD), info.context.do.imports
        return VideoImport.of(await imports.create(viewer, input.url, applied, input.file_name, input.idempotency_key))

    @mutation(once=False, description="End an import, and remove what came; it is then FAILED with the code CANCELED.")
    async def cancel_import(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The import's id.")]
    ) -> VideoImportResult:
        viewer, imports = info.context.allowed(Scope.UPLOAD), info.context.do.imports
        return VideoImport.of(await imports.cancel(viewer, parsed_upload_id(id)))
