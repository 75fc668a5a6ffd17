"""Which of a document's operations is meant."""

from collections.abc import Iterator

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension


class OperationChoice(SchemaExtension):
    """Refuses a choice that the client did not make (section 6.1 of the specification); Strawberry takes the first."""

    def on_validate(self) -> Iterator[None]:
        """Look before anything is validated or executed."""
        context = self.execution_context
        definitions = context.graphql_document.definitions if context.graphql_document else ()
        operations = sum(isinstance(definition, OperationDefinitionNode) for definition in definitions)
        if operations > 1 and not context._provided_operation_name:  # noqa: SLF001 - the public name is already guessed
            context.pre_execution_errors = [GraphQLError("Name the operation: this document has several.")]
        yield
