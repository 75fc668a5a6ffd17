"""What we touch of Strawberry that it promises to nobody, so that all of it is looked at before another release.

tests/graphql/test_strawberry_signatures.py holds it against the release that was read. Nothing else in this package
names an underscore of Strawberry's, or imports its handler of WebSockets.
"""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import aclosing, suppress
from enum import Enum
from typing import Any, Final, TypeVar

from graphql import GraphQLError, GraphQLField, GraphQLSchema
from strawberry import Schema
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestProtocol
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext, StreamResult
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types.enum import EnumValue
from strawberry.types.field import StrawberryField
from strawberry.types.graphql import OperationType

__all__ = [
    "BoundedSchema",
    "ConnectionInitMessage",
    "Message",
    "StrawberryGraphQLCoreExecutionContext",
    "StreamResult",
    "SubscribeMessage",
    "TransportHandler",
    "WebSocketDisconnected",
    "core_schema",
    "enum_values",
    "field_definition",
    "given_operation_name",
    "plain_attribute",
    "stream_protocol",
]

_Context = TypeVar("_Context")
_DEFINITION: Final = "strawberry-definition"


def core_schema(schema: Any) -> GraphQLSchema:
    """Return graphql-core's schema, which validates and executes."""
    core: GraphQLSchema = schema._schema  # noqa: SLF001 - it has no other
    return core


def given_operation_name(execution: Any) -> str | None:
    """Return the name that the client sent; the public one is guessed where there was none."""
    name: str | None = execution._provided_operation_name  # noqa: SLF001
    return name


def stream_protocol(view: GraphQL[Any, Any], headers: Mapping[str, str]) -> GraphQLRequestProtocol | None:
    """Return the protocol of a stream over plain HTTP that a client takes by its headers; None where it takes none."""
    transport = view._get_stream_transport_from_headers(headers)  # noqa: SLF001 - the public way has read the body
    return None if transport is None else transport.protocol


def field_definition(field: GraphQLField) -> StrawberryField | None:
    """Return how we declared a field of graphql-core's; None for one of introspection."""
    definition: StrawberryField | None = field.extensions.get(_DEFINITION)
    return definition


def plain_attribute(field: GraphQLField) -> str | None:
    """Return the attribute that a field shows; None where it has a resolver."""
    definition = field_definition(field)
    is_plain = getattr(field.resolve, "_is_default", False)
    return definition.python_name if definition is not None and is_plain else None


def enum_values(kind: type[Enum]) -> list[EnumValue]:
    """Return the values of an enum that the schema knows; what is written into them is shown."""
    values: list[EnumValue] = kind.__strawberry_definition__.values  # type: ignore[attr-defined]
    return values


class BoundedSchema(Schema):
    """Strawberry's schema, which finds only so many errors in the variables of one operation."""

    max_coercion_errors: int

    def _get_custom_context_kwargs(self, *more: Any, **named: Any) -> dict[str, Any]:
        return {**super()._get_custom_context_kwargs(*more, **named), "max_coercion_errors": self.max_coercion_errors}


class TransportHandler(BaseGraphQLTransportWSHandler[_Context, None]):
    """Strawberry's handler of one socket, where an operation that goes wrong ends itself and nothing else."""

    @abstractmethod
    def unsent(self, operation_id: str, results: StreamResult) -> StreamResult:
        """Yield the results that are to be sent as Strawberry does it, and send the others."""

    @abstractmethod
    def told(self, error: Exception) -> GraphQLError:
        """Return what a client may know of an error that nobody expected."""

    async def run_operation(self, operation: Operation[_Context, None]) -> None:
        """Send what a query or a subscription gives, to its end."""
        try:
            results = await self.schema.stream(
                operation.query,
                variable_values=operation.variables,
                context_value=self.context,
                operation_name=operation.operation_name,
                allowed_operation_types=(OperationType.QUERY, OperationType.SUBSCRIPTION),
            )
            async with aclosing(results), aclosing(self.unsent(operation.id, results)) as unsent:
                await self._send_result_stream(operation, unsent)
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except WebSocketDisconnected:
            self.operations.pop(operation.id, None)
        except Exception as error:  # noqa: BLE001 - whatever it was, only this operation ends
            with suppress(WebSocketDisconnected):
                await operation.send_initial_errors([self.told(error)])

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:  # noqa: ARG004 - Strawberry's signature
        """Never close for an operation that does not parse: the socket's others are innocent."""
        return None
