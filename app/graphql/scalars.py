"""Our scalars."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from app.domain.times import iso8601

BigInt = NewType("BigInt", int)
"""A whole number that may exceed GraphQL's 32 bits."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file of the multipart request that is still on its way: ``chunks`` can be read once, by whoever wants it."""

    file_name: str
    bytes_at_most: int | None
    chunks: AsyncIterator[bytes]
    keeps: Callable[[int], None]
    """Is told how many of its bytes are in memory."""


def _incoming_file(value: object) -> IncomingFile:
    if not isinstance(value, IncomingFile):
        raise GraphQLError("A file is sent by the GraphQL multipart request specification.")
    return value


def _whole_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise GraphQLError("This must be a whole number.")
    return value


def _instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise GraphQLError("This must be an instant, ISO 8601 with its offset from UTC.")
    return instant


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number that may exceed 32 bits, such as a size in bytes; a JSON number.",
        serialize=int,
        parse_value=_whole_number,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, ISO 8601 in UTC with a trailing Z.",
        serialize=iso8601,
        parse_value=_instant,
    ),
    IncomingFile: strawberry.scalar(
        name="Upload",
        description="A file sent by the GraphQL multipart request specification.",
        parse_value=_incoming_file,
    ),
}
