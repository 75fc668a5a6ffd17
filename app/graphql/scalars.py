"""Our scalars."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from app.domain.times import iso8601
from app.usecases.upload_video import IncomingVideo

BigInt = NewType("BigInt", int)
"""A whole number that may exceed GraphQL's 32 bits."""


def _incoming_file(value: object) -> IncomingVideo:
    if not isinstance(value, IncomingVideo):
        raise GraphQLError("A file is sent by the GraphQL multipart request specification.")
    return value


def _whole_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise GraphQLError("This must be a whole number of at most 64 bits.")
    return value


def _instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(value.upper()) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise GraphQLError("This must be an instant, ISO 8601 with its offset from UTC.")
    return instant


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number that may exceed 32 bits, such as a size in bytes; a JSON number.",
        specified_by_url="https://scalars.graphql.org/chillicream/long.html",
        serialize=int,
        parse_value=_whole_number,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, ISO 8601 in UTC with a trailing Z.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=iso8601,
        parse_value=_instant,
    ),
    IncomingVideo: strawberry.scalar(
        name="Upload",
        description="A file sent by the GraphQL multipart request specification.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        parse_value=_incoming_file,
    ),
}
