"""The schema, whose SDL is committed as ``schema.graphql`` at the root."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import strawberry
from graphql import build_schema
from graphql.utilities import find_breaking_changes
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from app.graphql.account_mutations import AccountMutations
from app.graphql.api_key_mutations import ApiKeyMutations
from app.graphql.batch_mutations import BatchMutations
from app.graphql.context import Context, Info
from app.graphql.documents import MAX_ERRORS
from app.graphql.executor import SharingExecutor
from app.graphql.import_mutations import ImportMutations
from app.graphql.limits import length_error
from app.graphql.notification_mutations import NotificationMutations
from app.graphql.operation_pipeline import OperationPipeline
from app.graphql.operator_mutations import OperatorMutations
from app.graphql.preset_mutations import PresetMutations
from app.graphql.problems import ExpectedErrors
from app.graphql.queries import Query
from app.graphql.scalars import SCALARS
from app.graphql.session_mutations import SessionMutations
from app.graphql.staged_upload_mutations import StagedUploadMutations
from app.graphql.strawberry_insides import BoundedSchema, StreamResult
from app.graphql.subscriptions import Subscription
from app.graphql.video_mutations import VideoMutations
from app.graphql.ways_out_mutations import WaysOutMutations


@strawberry.type(description="What can be done.")
class Mutation(
    SessionMutations,
    VideoMutations,
    StagedUploadMutations,
    ImportMutations,
    PresetMutations,
    BatchMutations,
    WaysOutMutations,
    AccountMutations,
    ApiKeyMutations,
    NotificationMutations,
    OperatorMutations,
):
    """The mutations."""


class _CarefulSchema(BoundedSchema):
    """Reads no document that is too long, and leaves logging to ``public_error``, which knows what was unexpected."""

    max_coercion_errors = MAX_ERRORS

    async def execute(self, query: str | None, *more: Any, **named: Any) -> ExecutionResult:
        """Return the one answer of an operation."""
        refused = _too_long(query, named["context_value"])
        return refused or await super().execute(query, *more, **named)

    async def stream(self, query: str | None, *more: Any, **named: Any) -> StreamResult:
        """Yield the answers of an operation, one after the other."""
        refused = _too_long(query, named["context_value"])
        return _only(refused) if refused else await super().stream(query, *more, **named)

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing: a client's mistake is no news."""


def _too_long(query: str | None, context: Context) -> PreExecutionError | None:
    refused = length_error(query or "", context.settings)
    return PreExecutionError(data=None, errors=[refused]) if refused else None


async def _only(answer: PreExecutionError) -> AsyncGenerator[PreExecutionError, None]:
    yield answer


schema = _CarefulSchema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, info_class=Info),
    extensions=[OperationPipeline],
    exception_handlers=[ExpectedErrors()],
    execution_context_class=SharingExecutor,
)


def broken_promises(old: str, new: str) -> Sequence[str]:
    """Return, a sentence each, what clients written for the schema ``old`` (SDL) cannot rely on in ``new``."""
    return [change.description for change in find_breaking_changes(build_schema(old), build_schema(new))]
