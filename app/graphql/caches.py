"""Strawberry's caches of parsed and validated documents, bounded, and polite to the other extensions."""

from collections.abc import Iterator
from typing import Final

from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache

_DOCUMENTS: Final = 256
"""Those of our own pages many times over, and no more than a few megabytes."""


class ParsedDocuments(ParserCache):
    """Leaves a text that cannot be parsed to the schema, which makes of it an answer like any other."""

    def __init__(self) -> None:
        super().__init__(maxsize=_DOCUMENTS)

    def on_parse(self) -> Iterator[None]:
        """Look the document up."""
        context = self.execution_context
        try:
            context.graphql_document = self.cached_parse_document(context.query, **context.parse_options)
        except GraphQLError:
            context.graphql_document = None
        yield


class ValidatedDocuments(ValidationCache):
    """Leaves an operation that was refused already as it is, and gives each request a list of errors of its own."""

    def __init__(self) -> None:
        super().__init__(maxsize=_DOCUMENTS)

    def on_validate(self) -> Iterator[None]:
        """Look the outcome up."""
        context = self.execution_context
        if context.pre_execution_errors is None:
            found = self.cached_validate_document(
                context.schema._schema,  # noqa: SLF001 - as Strawberry's own does
                context.graphql_document,
                context.validation_rules,
            )
            context.pre_execution_errors = [*found]
        yield
