"""Enums whose members say what they mean."""

from enum import StrEnum
from typing import Self


class Described(StrEnum):
    """A member is its value and its description, as ``http.HTTPStatus`` has them; the API shows both."""

    description: str

    def __new__(cls, value: str, description: str = "", *_more: object) -> Self:
        """Make a member that equals its value; what ``more`` there is belongs to the ``__init__`` of its own enum."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member
