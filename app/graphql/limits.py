"""How large an operation may be, found out in time linear to its text.

A document that is too long is not even parsed. Of the others everything is added up once for each fragment and not
once for each of its spreads, so one whose fragments fan out to a billion fields is refused as fast as any other. It
happens before the validation, some of whose rules compare every field with every other.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_operation_ast,
)

from app.domain.preset import MOST_PRESETS
from app.domain.staged_upload import PARTS
from app.graphql.codes import LIMIT_EXCEEDED
from app.graphql.declared import Declared
from app.settings import Settings
from app.usecases.imports import LISTED
from app.usecases.paging import MAX_PAGE, PAGE

_INTROSPECTION: Final = frozenset({"__schema", "__type"})
_INTROSPECTION_DEPTH: Final = 16
"""Introspection has an allowance of its own: the usual query is deeper than any that a page needs."""
MAX_ROOT_FIELDS: Final = 10
MAX_ALIASES: Final = 15
MAX_DIRECTIVES: Final = 50
"""No page needs more in an operation; what its answer may cost is a setting."""
_LISTS: Final = {
    "types": 80,
    "fields": 3,
    "directives": 5,
    "ofType": 0.4,
    "parts": PARTS,
    "videoImports": LISTED,
    "presets": MOST_PRESETS,
}
"""About how long each is: those of introspection in our schema, over all that have it, and what may be listed of
uploads, imports and presets. Anything else is one or not there at all."""
_SIZES: Final = frozenset({"first", "last"})
"""The arguments by which a list in pages is told how long a page is."""
_INTROSPECTION_COST: Final = 10_000
"""The usual query of tools has three quarters of it; nobody needs it ten times in one operation."""
_MANY: Final = 10**9
_LINES: Final = 2000
"""To say where an error is, all lines before it are counted, for each error anew."""
_POINT_SECONDS: Final = 5e-6
"""What it takes to answer one field; measured: 3 to 6 microseconds, most for fields of objects within objects."""
_QUESTION_SECONDS: Final = 1e-3
"""What it takes to ask the database one thing; measured: 1 to 4 ms. With ``requests_per_minute`` of them, each in a
request of its own, a user has used up no more than is theirs."""
_LONG_NUMBER: Final = re.compile(r"\d{400}")
"""No number that means anything is longer, and Python refuses to read one of more than 4,300 digits."""


@dataclass(slots=True)
class Size:
    """What a selection adds up to; ``depth`` counts fields below each other, ``cost`` fields that may be answered."""

    depth: int = 0
    introspection_depth: int = 0
    introspection_cost: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    once: int = 0
    cost: int = 0
    questions: int = 0
    """What somebody else, as the database, must be asked for; of a list once, whatever it holds."""
    questions_each: int = 0
    """The same, of what must be asked for each entry of a list."""

    @property
    def seconds(self) -> float:
        """What an answer takes of this process's time."""
        return (self.cost + self.introspection_cost) * _POINT_SECONDS + (
            self.questions + self.questions_each
        ) * _QUESTION_SECONDS

    def add(self, other: "Size") -> None:
        """Put another beside it."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.introspection_cost = min(self.introspection_cost + other.introspection_cost, _MANY)
        self.root_fields = min(self.root_fields + other.root_fields, _MANY)
        self.aliases = min(self.aliases + other.aliases, _MANY)
        self.directives = min(self.directives + other.directives, _MANY)
        self.once = min(self.once + other.once, _MANY)
        self.cost = min(self.cost + other.cost, _MANY)
        self.questions = min(self.questions + other.questions, _MANY)
        self.questions_each = min(self.questions_each + other.questions_each, _MANY)

    def add_leaf(self, *, alias: bool, once: bool, asks: bool) -> None:
        """Put a field without a selection beside it: nearly all are such, so it makes no object of its own."""
        self.depth = self.depth or 1
        self.root_fields += 1
        self.cost += 1
        self.aliases += alias
        self.once += once
        self.questions += asks


class _Cyclic(Exception):
    """A fragment spreads itself."""


class _Measure:
    """Measures one operation of a document."""

    def __init__(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        declared: Declared,
    ) -> None:
        self._declared = declared
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._operation = operation
        defaults = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
        self._variables = {**defaults, **variables}
        self._known: dict[str, Size | None] = {}

    def size(self) -> Size:
        size = self._selection(self._operation.selection_set)
        size.directives += len(self._operation.directives or ())
        return size

    def _selection(self, selection: SelectionSetNode) -> Size:
        size = Size()
        for node in selection.selections:
            size.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                if node.selection_set:
                    size.add(self._field(node, self._selection(node.selection_set)))
                else:
                    name = node.name.value
                    once, asks = name in self._declared.once, name in self._declared.asks
                    size.add_leaf(alias=node.alias is not None, once=once, asks=asks)
            elif isinstance(node, InlineFragmentNode):
                size.add(self._selection(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                size.add(self._fragment(node.name.value))
        return size

    def _field(self, node: FieldNode, below: Size) -> Size:
        name = node.name.value
        introspects = name in _INTROSPECTION
        depth = below.depth + 1
        times = self._times(node)
        return Size(
            0 if introspects else depth,
            depth if introspects else below.introspection_depth,
            min(1 + int(below.cost * times), _MANY) if introspects else below.introspection_cost,
            1,
            below.aliases + (node.alias is not None),
            below.directives,
            below.once + (name in self._declared.once),
            1 if introspects else min(1 + int(below.cost * times), _MANY),
            min(below.questions + self._questions(name, times), _MANY),
            min(int(below.questions_each * times) + (name in self._declared.asks_each), _MANY),
        )

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = None
            fragment = self._fragments.get(name)
            self._known[name] = self._selection(fragment.selection_set) if fragment else Size()
        size = self._known[name]
        if size is None:
            raise _Cyclic
        return size

    def _questions(self, name: str, times: float) -> int:
        """Return what a field itself asks for: as often as it is done, where it is done with each of several things."""
        return int(times) if name in self._declared.many else int(name in self._declared.asks)

    def _times(self, node: FieldNode) -> float:
        """Return how often what is below a field may be answered."""
        if node.name.value in self._declared.many:
            return self._named(node)
        for argument in node.arguments or ():
            if argument.name.value not in _SIZES:
                continue
            value: Any = argument.value
            if isinstance(value, VariableNode):
                value = self._variables.get(value.name.value)
            if isinstance(value, IntValueNode):
                value = int(value.value[:9])  # As many digits as decide; Python refuses to read thousands.
            if value is not None and not isinstance(value, NullValueNode):
                return min(max(value, 1), MAX_PAGE) if isinstance(value, int) else PAGE
        return PAGE if node.name.value in self._declared.pages else _LISTS.get(node.name.value, 1)

    def _named(self, node: FieldNode) -> int:
        """Return how many things a mutation names in ``input.ids``; how many they may be, where that cannot be seen."""
        given: Any = next((one.value for one in node.arguments or () if one.name.value == "input"), None)
        if isinstance(given, ObjectValueNode):
            given = next((one.value for one in given.fields if one.name.value == "ids"), None)
        if isinstance(given, VariableNode):
            given = self._variables.get(given.name.value)
        ids = given.get("ids") if isinstance(given, dict) else given
        named = ids.values if isinstance(ids, ListValueNode) else ids
        most = self._declared.many[node.name.value]
        return min(max(1, len(named)), most) if isinstance(named, (list, tuple)) else most


def length_error(text: str, settings: Settings) -> GraphQLError | None:
    """Report that a document is too long, where it is; nothing else may be done with such a one, nor be kept of it."""
    length = len(text.encode("utf-8", "surrogatepass"))
    if length > settings.max_document_bytes:
        return _too_large("bytes", length, settings.max_document_bytes)
    lines = text.count("\n") + text.count("\r")
    return _too_large("lines", lines, _LINES) if lines > _LINES else None


def measured(document: DocumentNode, name: str | None, variables: Mapping[str, Any], declared: Declared) -> Size:
    """Add up an operation, which need not be valid; one that is not there, or goes in circles, has no size."""
    operation = get_operation_ast(document, name)
    if operation is None:
        return Size()
    try:
        return _Measure(document, operation, variables, declared).size()
    except _Cyclic:
        return Size()
    except RecursionError:
        return Size(depth=sys.getrecursionlimit())


def limit_error(
    text: str, size: Size, variables: Mapping[str, Any], settings: Settings, declared: Declared
) -> GraphQLError | None:
    """Return why an operation is too large, where it is."""
    if _LONG_NUMBER.search(text):
        return GraphQLError("A number in this document has too many digits.")
    if size.introspection_depth and not settings.introspection:
        return GraphQLError("Introspection is switched off here.")
    for what, found, allowed in (
        ("root fields", size.root_fields, MAX_ROOT_FIELDS),
        ("aliases", size.aliases, MAX_ALIASES),
        ("directives", size.directives, MAX_DIRECTIVES),
        ("levels", size.depth, settings.max_depth),
        ("levels of introspection", size.introspection_depth, _INTROSPECTION_DEPTH),
        ("points of introspection", size.introspection_cost, _INTROSPECTION_COST),
        (f"of {', '.join(sorted(declared.once))}", size.once, 1),
        ("points of cost", size.cost, settings.max_cost),
        ("values in its variables", _values(variables, settings.max_variable_values), settings.max_variable_values),
    ):
        if found > allowed:
            return _too_large(what, found, allowed)
    return None


def _values(variables: Mapping[str, Any], enough: int) -> int:
    """Count what variables hold, in lists and objects too, to a little beyond ``enough``."""
    count = 0
    left: list[object] = [variables]
    while left and count <= enough:
        value = left.pop()
        if isinstance(value, (dict, list)):
            count += len(value)
            if count <= enough:
                left.extend(value.values() if isinstance(value, dict) else value)
    return count


def _too_large(what: str, found: int, allowed: int) -> GraphQLError:
    asked = f"more than {_MANY}" if found >= _MANY else found
    return GraphQLError(
        f"This operation is too large: it has {asked} {what}, and {allowed} may be asked for.",
        extensions={"code": LIMIT_EXCEEDED},
    )
