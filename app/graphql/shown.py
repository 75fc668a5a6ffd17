"""From the records of the domain to the API's types of them."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

D = TypeVar("D", bound="DataclassInstance")

ABSOLUTE: Final = "An absolute URL; a path of this API only where that was told no public URL of its own."
"""What a field that is a link says of it."""


def shown(kind: type[D], record: object, **otherwise: Any) -> D:
    """Return what a type shows of a record: what it calls by the same names, but for what is given ``otherwise``.

    A record within it stays as it is: of what is no member of a union GraphQL reads nothing but its attributes.
    """
    names = (field.name for field in fields(kind) if field.init and field.name not in otherwise)
    return kind(**{name: getattr(record, name) for name in names}, **otherwise)
