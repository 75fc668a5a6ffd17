"""What a root field declares of itself, beside its resolver, for the limits to go by."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import strawberry
from graphql import GraphQLObjectType, GraphQLSchema

from app.graphql.strawberry_insides import field_definition

_ONCE: Final = "once"


def mutation(*, once: bool, description: str) -> Any:
    """Decorate the resolver of a mutation, which must say whether it may stand ``once`` in an operation.

    Once is right for what tries a secret, sends a mail, or is dear: no request tries five hundred passwords.
    """
    return strawberry.mutation(description=description, metadata={_ONCE: once})


@dataclass(frozen=True, slots=True)
class Declared:
    """Names of fields, by what they declare.

    Root fields do that they stand once, or that they are lists in pages; any field does that it asks somebody else, the
    database as a rule, by having a resolver that waits.
    """

    once: frozenset[str]
    pages: frozenset[str]
    asks: frozenset[str]


@lru_cache(maxsize=8)
def declared(core: GraphQLSchema) -> Declared:
    """Return what the root fields of a schema declare; a list in pages does it by its argument ``first``.

    :raises TypeError: where a mutation was not made by ``mutation``, and so does not say whether it is done once
    """
    queries = core.query_type.fields if core.query_type else {}
    mutations = core.mutation_type.fields if core.mutation_type else {}
    told = {name: d.metadata for name, field in mutations.items() if (d := field_definition(field)) is not None}
    silent = [name for name, metadata in told.items() if _ONCE not in metadata]
    if silent:
        raise TypeError(f"Declare whether these may stand once in an operation: {', '.join(silent)}.")
    return Declared(
        frozenset(name for name, metadata in told.items() if metadata[_ONCE]),
        frozenset(name for name, field in queries.items() if "first" in field.args),
        frozenset(
            name
            for kind in core.type_map.values()
            if isinstance(kind, GraphQLObjectType)
            for name, field in kind.fields.items()
            if (definition := field_definition(field)) is not None and definition.is_async
        ),
    )
