"""How large an operation may be, found out in time linear to its text.

A document that is too long is not even parsed. Of the others everything is added up once for each fragment and not
once for each of its spreads, so one whose fragments fan out to a billion fields is refused as fast as any other. It
happens before the validation, some of whose rules compare every field with every other.
"""

import re
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
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_operation_ast,
)

from app.http.policy import Policy

_PAGE: Final = 20
"""What ``first`` is where a client leaves it out."""
_LONGEST_PAGE: Final = 100
_INTROSPECTION: Final = frozenset({"__schema", "__type"})
_INTROSPECTION_DEPTH: Final = 16
"""Introspection has an allowance of its own: the usual query is deeper than any that a page needs."""
_ONCE: Final = frozenset(
    {
        "register",
        "login",
        "refreshSession",
        "changePassword",
        "requestPasswordReset",
        "resetPassword",
        "verifyEmail",
        "resendVerification",
        "removeVideosFromBefore",
        "uploadVideo",
        "deleteAccount",
        "exportMyData",
    }
)
"""One of these in an operation, so that no request tries five hundred passwords."""
_PAGES: Final = frozenset({"videos", "notificationDeliveries"})
_MANY: Final = 10**9
_LONG_NUMBER: Final = re.compile(r"\d{400}")
"""No number that means anything is longer, and Python refuses to read one of more than 4,300 digits."""


@dataclass(frozen=True, slots=True)
class _Size:
    """What a selection adds up to; ``depth`` counts fields below each other, ``cost`` fields that may be answered."""

    depth: int = 0
    introspection_depth: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    once: int = 0
    cost: int = 0

    def beside(self, other: "_Size") -> "_Size":
        return _Size(
            max(self.depth, other.depth),
            max(self.introspection_depth, other.introspection_depth),
            min(self.root_fields + other.root_fields, _MANY),
            min(self.aliases + other.aliases, _MANY),
            min(self.directives + other.directives, _MANY),
            min(self.once + other.once, _MANY),
            min(self.cost + other.cost, _MANY),
        )


class _Cyclic(Exception):
    """A fragment spreads itself."""


class _Measure:
    """Measures one operation of a document."""

    def __init__(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> None:
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._operation = operation
        defaults = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
        self._variables = {**defaults, **variables}
        self._known: dict[str, _Size | None] = {}

    def size(self) -> _Size:
        directives = len(self._operation.directives or ())
        return self._selection(self._operation.selection_set).beside(_Size(directives=directives))

    def _selection(self, selection: SelectionSetNode) -> _Size:
        size = _Size()
        for node in selection.selections:
            size = size.beside(_Size(directives=len(node.directives or ())))
            if isinstance(node, FieldNode):
                size = size.beside(self._field(node))
            elif isinstance(node, InlineFragmentNode):
                size = size.beside(self._selection(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                size = size.beside(self._fragment(node.name.value))
        return size

    def _field(self, node: FieldNode) -> _Size:
        name = node.name.value
        below = self._selection(node.selection_set) if node.selection_set else _Size()
        introspects = name in _INTROSPECTION
        depth = below.depth + 1
        return _Size(
            0 if introspects else depth,
            depth if introspects else below.introspection_depth,
            1,
            below.aliases + (node.alias is not None),
            below.directives,
            below.once + (name in _ONCE),
            min(1 + below.cost * self._times(node), _MANY),
        )

    def _fragment(self, name: str) -> _Size:
        if name not in self._known:
            self._known[name] = None
            fragment = self._fragments.get(name)
            self._known[name] = self._selection(fragment.selection_set) if fragment else _Size()
        size = self._known[name]
        if size is None:
            raise _Cyclic
        return size

    def _times(self, node: FieldNode) -> int:
        """Say how often what is below a field may be answered."""
        for argument in node.arguments or ():
            if argument.name.value != "first":
                continue
            value: Any = argument.value
            if isinstance(value, VariableNode):
                value = self._variables.get(value.name.value)
            if isinstance(value, IntValueNode):
                value = int(value.value)
            return min(max(value, 1), _LONGEST_PAGE) if isinstance(value, int) else _PAGE
        return _PAGE if node.name.value in _PAGES else 1


def length_refusal(text: str, policy: Policy) -> GraphQLError | None:
    """Say that a document is too long, where it is; nothing else may be done with such a one, nor be kept of it."""
    length = len(text.encode("utf-8", "surrogatepass"))
    return _too_large("bytes", length, policy.max_document_bytes) if length > policy.max_document_bytes else None


def refusal(
    text: str, document: DocumentNode, name: str | None, variables: Mapping[str, Any], policy: Policy
) -> GraphQLError | None:
    """Say why an operation is too large, where it is; it must have been parsed, and need not be valid."""
    if _LONG_NUMBER.search(text):
        return GraphQLError("A number in this document has too many digits.")
    operation = get_operation_ast(document, name)
    if operation is None:
        return None
    try:
        size = _Measure(document, operation, variables).size()
    except _Cyclic:
        return None
    except RecursionError:
        return _too_large("levels", policy.max_depth + 1, policy.max_depth)
    return _excess(size, policy)


def _excess(size: _Size, policy: Policy) -> GraphQLError | None:
    if size.introspection_depth and not policy.introspection:
        return GraphQLError("Introspection is switched off here.")
    for what, measured, allowed in (
        ("root fields", size.root_fields, policy.max_root_fields),
        ("aliases", size.aliases, policy.max_aliases),
        ("directives", size.directives, policy.max_directives),
        ("levels", size.depth, policy.max_depth),
        ("levels of introspection", size.introspection_depth, _INTROSPECTION_DEPTH),
        (f"of {', '.join(sorted(_ONCE))}", size.once, 1),
        ("points of cost", size.cost, policy.max_cost),
    ):
        if measured > allowed:
            return _too_large(what, measured, allowed)
    return None


def _too_large(what: str, measured: int, allowed: int) -> GraphQLError:
    asked = f"more than {_MANY}" if measured >= _MANY else measured
    return GraphQLError(
        f"This operation is too large: it has {asked} {what}, and {allowed} may be asked for.",
        extensions={"code": "LIMIT_EXCEEDED"},
    )
