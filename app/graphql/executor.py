"""How operations are executed: as graphql-core does, without what need not be done twice or at all."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    Executor,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_nullable_type,
    is_leaf_type,
)
from graphql.pyutils import Path

from app.graphql.shared_answers import EncodedOnce
from app.graphql.strawberry_insides import StrawberryGraphQLCoreExecutionContext, plain_attribute
from app.graphql.videos import VideoProcessing


class SharingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes a subscription's event once for all who asked the same of it.

    A user's pages are open in many tabs and on many machines, and all send the same operation. What is answered to the
    same viewer, operation and variables for one snapshot of a video is the same, so each process makes it once.

    A field that only shows an attribute as a scalar or an enum, as most of a page's do, is read without the
    preparations for resolvers that it does not have; where anything about it is not plain, graphql-core does it all.
    """

    _variables: str | None = None

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        *more: Any,
        **named: Any,
    ) -> list[GraphQLError] | Executor[Any]:
        """Begin an operation; where suggestions are switched off, none is made for its variables either."""
        named["hide_suggestions"] = not context_value.settings.suggestions
        return super().build(schema, document, root_value, context_value, *more, **named)

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        if self._variables is None:
            self._variables = json.dumps(self.variable_values.coerced, sort_keys=True, default=repr)
        return super().build_per_event_executor(payload)

    def execute_operation(self, serially: bool | None = None) -> Any:
        if not isinstance(self.root_value, VideoProcessing):
            return super().execute_operation(serially)
        snapshot, context = self.root_value.seen, self.context_value
        key = (id(snapshot), id(self.operation), self._variables, context.whoever.id)
        answer = context.shared_answers.get(key)
        if answer is None:
            answer = super().execute_operation(serially)
            if self.is_awaitable(answer):
                answer = asyncio.ensure_future(_awaited(answer))
            else:
                _encode_once(answer)
            context.shared_answers.keep(key, answer, (snapshot, self.operation))
        if not isinstance(answer, asyncio.Future):
            return answer
        return answer.result() if answer.done() else asyncio.shield(answer)

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        field = _plain_field(self.schema, parent_type, field_details_list[0].node.name.value)
        if field is not None and not (self.middleware_manager and self.middleware_manager.middlewares):
            value = getattr(source, field.attribute, None)
            if value is not None:
                try:
                    shown = field.show(value)
                except Exception:  # noqa: BLE001 - whatever it is, graphql-core meets it again and reports it
                    shown = None
                if shown is not None and shown is not Undefined:
                    return shown
        return super().execute_field(parent_type, source, field_details_list, path, position_context)


class _PlainField(NamedTuple):
    attribute: str
    show: Callable[[Any], Any]


@lru_cache(maxsize=1024)
def _plain_field(schema: GraphQLSchema, parent_type: GraphQLObjectType, name: str) -> _PlainField | None:
    """Return how a field is read that is nothing but an attribute; None for any other."""
    field = schema.get_field(parent_type, name)
    attribute = plain_attribute(field) if field is not None else None
    if field is None or attribute is None:
        return None
    shown = get_nullable_type(field.type)
    return _PlainField(attribute, shown.coerce_output_value) if is_leaf_type(shown) else None


async def _awaited(answer: Awaitable[Any]) -> Any:
    return _encode_once(await answer)


def _encode_once(answer: Any) -> Any:
    if answer.data is not None:
        answer.data = EncodedOnce(answer.data)
    return answer
