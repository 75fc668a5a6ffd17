"""What an operation selects of an answer, for what is dear to make ready."""

from collections.abc import Iterable

from strawberry.types.nodes import SelectedField, Selection


def selects(fields: Iterable[Selection], name: str) -> bool:
    """Whether a field of this name is selected somewhere below, in fragments too; directives are not looked at."""
    return any(
        (isinstance(field, SelectedField) and field.name == name) or selects(field.selections, name) for field in fields
    )
