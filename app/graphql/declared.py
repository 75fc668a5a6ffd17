"""What a field declares of itself, beside its resolver, for the limits to go by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import strawberry
from graphql import GraphQLObjectType, GraphQLSchema

from app.graphql.strawberry_insides import field_definition

_ONCE: Final = "once"
_EACH: Final = "each"
_MANY: Final = "many"
EACH: Final[dict[object, object]] = {_EACH: True}
"""The metadata of a field that asks somebody else anew for each object that it stands in, and not once for all."""


def mutation(*, once: bool, description: str, many: int | None = None) -> Any:
    """Decorate the resolver of a mutation, which must say whether it may stand ``once`` in an operation.

    Once is right for what tries a secret, sends a mail, or is dear: no request tries five hundred passwords. One that
    does the same with each of ``input.ids`` says how ``many`` of them there may be: it costs as much as they are.
    """
    return strawberry.mutation(description=description, metadata={_ONCE: once, _MANY: many})


@dataclass(frozen=True, slots=True)
class Declared:
    """Names of fields, by what they declare.

    Root fields do that they stand once; any field does that it is a list in pages, by its argument ``first``, and that
    it asks somebody else, the database as a rule, by having a resolver that waits. Of a list that is once, whatever it
    holds, but for those that do it for each.
    """

    once: frozenset[str]
    pages: frozenset[str]
    asks: frozenset[str]
    asks_each: frozenset[str] = frozenset()
    many: Mapping[str, int] = field(default_factory=dict)
    """Mutations that do something with each of several things, with how many they may be at most."""


@lru_cache(maxsize=8)
def declared(core: GraphQLSchema) -> Declared:
    """Return what the fields of a schema declare.

    :raises TypeError: where a mutation was not made by ``mutation``, and so does not say whether it is done once
    """
    mutations = core.mutation_type.fields if core.mutation_type else {}
    told = {name: d.metadata for name, one in mutations.items() if (d := field_definition(one)) is not None}
    silent = [name for name, metadata in told.items() if _ONCE not in metadata]
    if silent:
        raise TypeError(f"Declare whether these may stand once in an operation: {', '.join(silent)}.")
    fields = [
        (name, one, definition)
        for kind in core.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, one in kind.fields.items()
        if (definition := field_definition(one)) is not None
    ]
    each = frozenset(name for name, _, definition in fields if _EACH in definition.metadata)
    return Declared(
        frozenset(name for name, metadata in told.items() if metadata[_ONCE]),
        frozenset(name for name, one, _ in fields if "first" in one.args),
        frozenset(name for name, _, definition in fields if definition.is_async) - each,
        each,
        {name: metadata[_MANY] for name, metadata in told.items() if metadata.get(_MANY)},
    )
