"""What is done with an operation before it runs: parsed, measured, chosen, validated, in this order."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from app.graphql.context import Context
from app.graphql.limits import length_refusal, refusal
from app.http.policy import Policy

_DOCUMENTS: Final = 100
"""So many are kept parsed and validated: those of our own pages several times over, and no more than some 50 MiB where
each has as many bytes and tokens as are allowed."""


class Preparation(SchemaExtension):
    """The one extension of the schema, so that what comes before what stands in one place and costs little."""

    def on_parse(self) -> Iterator[None]:
        """Look the document up; a text that cannot be parsed is left to the schema, which makes an answer of it."""
        context = self.execution_context
        context.parse_options["max_tokens"] = tokens = self._context.policy.max_tokens
        try:
            context.graphql_document = _parsed(context.query or "", tokens)
        except GraphQLError:
            context.graphql_document = None
        yield
        for error in context.pre_execution_errors or ():
            if error.message.endswith("Parsing aborted."):  # The parser has no other sign that it was this.
                error.extensions = {"code": "LIMIT_EXCEEDED"}

    def on_validate(self) -> Iterator[None]:
        """Refuse what is too large, ambiguous or not valid."""
        context, policy = self.execution_context, self._context.policy
        document, text = context.graphql_document, context.query or ""
        if document is not None:
            refused = refusal(text, document, context.operation_name, context.variables or {}, policy) or _undecided(
                document,
                context._provided_operation_name,  # noqa: SLF001 - the public name is already guessed
            )
            core: GraphQLSchema = context.schema._schema  # noqa: SLF001 - it has no other
            context.pre_execution_errors = [refused] if refused else [*_found_wrong(core, text, policy.max_tokens)]
        yield

    @property
    def _context(self) -> Context:
        context: Context = self.execution_context.context
        return context


def is_subscription(text: str, name: str | None, policy: Policy) -> bool:
    """Tell whether the operation that is asked for watches; one that is not parsed does not."""
    operation = _operation(text, name, policy)
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


def what_is_asked(text: str, name: str | None, policy: Policy) -> tuple[str, str]:
    """Give an operation's kind and its root field, or that there are several, for counting what was found valid."""
    operation = _operation(text, name, policy)
    if operation is None:
        return "none", "none"
    fields = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    kind = operation.operation.value
    if len(fields) != 1 or len(fields) != len(operation.selection_set.selections):
        return kind, "several"
    return kind, fields[0]


def _operation(text: str, name: str | None, policy: Policy) -> OperationDefinitionNode | None:
    """Give the operation that is asked for; None where there is none, or its document is not parsed."""
    try:
        return None if length_refusal(text, policy) else get_operation_ast(_parsed(text, policy.max_tokens), name)
    except GraphQLError:
        return None


@lru_cache(maxsize=_DOCUMENTS)
def _parsed(text: str, max_tokens: int) -> DocumentNode:
    return parse(text, max_tokens=max_tokens)


@lru_cache(maxsize=_DOCUMENTS)
def _found_wrong(core: GraphQLSchema, text: str, max_tokens: int) -> Sequence[GraphQLError]:
    return validate_document(core, _parsed(text, max_tokens), specified_rules)


def _undecided(document: DocumentNode, name: str | None) -> GraphQLError | None:
    """Refuse a choice that the client did not make (section 6.1 of the specification); Strawberry takes the first."""
    operations = sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions)
    return GraphQLError("Name the operation: this document has several.") if operations > 1 and not name else None
