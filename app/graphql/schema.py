"""The schema, whose SDL is committed as ``schema.graphql`` at the root."""

from strawberry import Schema
from strawberry.schema.config import StrawberryConfig

from app.graphql.caches import ParsedDocuments, ValidatedDocuments
from app.graphql.context import Info
from app.graphql.limits import OperationLimits
from app.graphql.masking import Masking
from app.graphql.mutations import Mutation
from app.graphql.operation_choice import OperationChoice
from app.graphql.problems import ExpectedErrors
from app.graphql.queries import Query
from app.graphql.scalars import SCALARS
from app.graphql.subscriptions import Subscription


class _QuietSchema(Schema):
    """Leaves logging to ``Masking``, which alone knows what was unexpected."""

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing: a client's mistake is no news."""


schema = _QuietSchema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, info_class=Info),
    extensions=[
        Masking,
        OperationLimits,
        ParsedDocuments,
        OperationChoice,
        ValidatedDocuments,
    ],
    exception_handlers=[ExpectedErrors()],
)
