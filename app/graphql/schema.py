"""The schema, whose SDL is committed as ``schema.graphql`` at the root."""

from strawberry import Schema
from strawberry.schema.config import StrawberryConfig

from app.graphql.context import Info
from app.graphql.executor import SharingExecutor
from app.graphql.mutations import Mutation
from app.graphql.preparation import Preparation
from app.graphql.problems import ExpectedErrors
from app.graphql.queries import Query
from app.graphql.scalars import SCALARS
from app.graphql.subscriptions import Subscription


class _QuietSchema(Schema):
    """Leaves logging to ``public_error``, which alone knows what was unexpected."""

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing: a client's mistake is no news."""


schema = _QuietSchema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, info_class=Info),
    extensions=[Preparation],
    exception_handlers=[ExpectedErrors()],
    execution_context_class=SharingExecutor,
)
