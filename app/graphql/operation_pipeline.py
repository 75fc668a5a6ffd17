"""What each operation goes through before it runs: it is parsed, limited, chosen and validated, in this order."""

from collections.abc import AsyncIterator, Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    get_operation_ast,
)
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from app.graphql.context import Context
from app.graphql.declared import declared
from app.graphql.documents import Document
from app.graphql.limits import Size, limit_error, measured
from app.graphql.strawberry_insides import core_schema, given_operation_name


class OperationPipeline(SchemaExtension):
    """The one extension of the schema, so that what comes before what stands in one place and costs little."""

    _document: Document
    _size: Size

    def on_parse(self) -> Iterator[None]:
        """Look the document up.

        :raises GraphQLError: where it cannot be parsed
        """
        self._document = self._context.documents.read(self.execution_context.query or "", *self._context.payers)
        if self._document.node is None:
            raise _copied(self._document)
        self.execution_context.graphql_document = self._document.node
        yield

    def on_validate(self) -> Iterator[None]:
        """Refuse what is too large, ambiguous or not valid."""
        if self._document.node is not None:
            self.execution_context.pre_execution_errors = [*self._errors(self._document.node)]
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        """Let a query that asks the database wait its turn: behind one user's thousand no other's has to.

        A mutation asks little, and may last for as long as an upload does.
        """
        if self.execution_context.operation_type is OperationType.QUERY and self._size.questions:
            async with self._context.documents.turn(*self._context.payers):
                yield
        else:
            yield

    def _errors(self, node: DocumentNode) -> Iterator[GraphQLError]:
        context, ours, document = self.execution_context, self._context, self._document
        core = core_schema(context.schema)
        declares = declared(core)
        size = self._size = measured(node, context.operation_name, context.variables or {}, declares)
        refused = limit_error(document.text, size, context.variables or {}, ours.settings, declares) or _ambiguous(
            node, given_operation_name(context)
        )
        if refused:
            yield refused
            return
        wrong = ours.documents.wrong(core, document, *ours.payers)
        if not wrong:
            ours.documents.spend(document, size.seconds, *ours.payers)
        yield from wrong

    @property
    def _context(self) -> Context:
        context: Context = self.execution_context.context
        return context


def is_subscription(document: Document, name: str | None) -> bool:
    """Return whether the operation that is asked for watches; one that cannot be parsed does not."""
    operation = get_operation_ast(document.node, name) if document.node else None
    return operation is not None and OperationType(operation.operation.value) is OperationType.SUBSCRIPTION


def kind_and_field(document: Document | None, name: str | None) -> tuple[str, str]:
    """Return an operation's kind and its root field, or that there are several, for counting what was found valid."""
    operation = get_operation_ast(document.node, name) if document and document.node else None
    if operation is None:
        return "none", "none"
    fields = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    kind = operation.operation.value
    if len(fields) != 1 or len(fields) != len(operation.selection_set.selections):
        return kind, "several"
    return kind, fields[0]


def _copied(document: Document) -> GraphQLError:
    """Return a copy of the error of a document's syntax: what is raised gathers frames, and the original is kept."""
    (error,) = document.wrong or ()
    return GraphQLError(error.message, None, error.source, error.positions, extensions=error.extensions)


def _ambiguous(document: DocumentNode, name: str | None) -> GraphQLError | None:
    """Refuse a choice that the client did not make (section 6.1 of the specification); Strawberry takes the first."""
    operations = sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions)
    return GraphQLError("Name the operation: this document has several.") if operations > 1 and not name else None
