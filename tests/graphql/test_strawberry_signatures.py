"""What app/graphql takes over from Strawberry must stay as it was when it did (strawberry-graphql 0.341)."""

import ast
import inspect
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from strawberry import Schema
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.extensions import SchemaExtension
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.execution import ExecutionContext

from app.graphql.enums import ProcessingStatus
from app.graphql.executor import SharingExecutor
from app.graphql.schema import schema
from app.graphql.strawberry_insides import (
    StrawberryGraphQLCoreExecutionContext,
    TransportHandler,
    core_schema,
    enum_values,
    field_definition,
    plain_attribute,
)
from app.graphql.view import GraphQLView
from app.graphql.websocket import TextWebSocket, TransportWebSocket

PACKAGE = Path(__file__).parents[2] / "app" / "graphql"
Methods = dict[str, list[str]]

HANDLER: Methods = {
    "run_operation": ["self", "operation"],
    "_get_pre_execution_close_reason": ["error"],
}
SOCKET: Methods = {
    "handle": ["self"],
    "handle_message": ["self", "message"],
    "handle_invalid_message": ["self", "error_message"],
    "handle_connection_init": ["self", "message"],
    "handle_subscribe": ["self", "message"],
    "shutdown": ["self"],
}
ADAPTER: Methods = {"close": ["self", "code", "reason"]}
VIEW: Methods = {
    "get_context": ["self", "request", "response"],
    "on_ws_connect": ["self", "context"],
    "is_websocket_origin_allowed": ["self", "request", "origin"],
    "should_render_graphql_ide": ["self", "request"],
    "decode_json": ["self", "data"],
    "parse_http_body": ["self", "request"],
    "execute_single": [
        "self",
        "request",
        "request_adapter",
        "sub_response",
        "context",
        "root_value",
        "request_data",
    ],
    "create_streaming_response": ["self", "request", "stream", "sub_response", "headers"],
    "process_result": ["self", "request", "result"],
    "get_sub_response": ["self", "request"],
    "create_response": ["self", "response_data", "sub_response"],
}
EXECUTOR: Methods = {
    "build_per_event_executor": ["self", "payload"],
    "execute_operation": ["self", "serially"],
    "execute_field": ["self", "parent_type", "source", "field_details_list", "path", "position_context"],
}
OVERRIDDEN = [
    (BaseGraphQLTransportWSHandler, TransportHandler, HANDLER),
    (BaseGraphQLTransportWSHandler, TransportWebSocket, SOCKET),
    (ASGIWebSocketAdapter, TextWebSocket, ADAPTER),
    (GraphQL, GraphQLView, VIEW),
    (StrawberryGraphQLCoreExecutionContext, SharingExecutor, EXECUTOR),
]
CALLED: dict[type, Methods] = {
    Schema: {"_get_custom_context_kwargs": ["self", "operation_extensions", "sync"]},
    BaseGraphQLTransportWSHandler: {
        "_send_result_stream": ["self", "operation", "result_source"],
        "cleanup_operation": ["self", "operation_id"],
        "send_message": ["self", "message"],
    },
    Operation: {"send_operation_message": ["self", "message"], "send_initial_errors": ["self", "errors"]},
    GraphQL: {"_get_stream_transport_from_headers": ["self", "headers"]},
    SchemaExtension: {"on_parse": ["self"], "on_validate": ["self"]},
}
BY_NAME: dict[Any, set[str]] = {
    Schema.execute: {"context_value", "variable_values", "operation_name", "allowed_operation_types"},
    Schema.stream: {"context_value", "variable_values", "operation_name", "allowed_operation_types"},
    StrawberryGraphQLCoreExecutionContext.build: {"hide_suggestions", "max_coercion_errors"},
}


def parameters(owner: type, name: str) -> list[str]:
    return list(inspect.signature(getattr(owner, name)).parameters)


def test_strawberry_is_the_release_that_was_read():
    assert version("strawberry-graphql").startswith("0.341.")


@pytest.mark.parametrize(("theirs", "ours", "methods"), OVERRIDDEN)
def test_what_is_overridden_has_the_same_parameters(theirs: type, ours: type, methods: Methods):
    for name, expected in methods.items():
        assert parameters(theirs, name) == parameters(ours, name) == expected, name
    functions = {name for name in vars(ours) if name in dir(theirs) and inspect.isroutine(vars(ours)[name])}
    assert functions - {"__init__", "__call__", "build"} - set(dir(object)) == set(methods)


@pytest.mark.parametrize(("owner", "methods"), CALLED.items())
def test_what_is_called_is_there(owner: type, methods: Methods):
    for name, expected in methods.items():
        assert parameters(owner, name) == expected, name


@pytest.mark.parametrize(("function", "names"), BY_NAME.items(), ids=lambda x: getattr(x, "__qualname__", ""))
def test_what_is_handed_over_by_name_is_taken(function: Any, names: set[str]):
    assert names <= set(inspect.signature(function).parameters)


def test_what_is_read_is_there():
    source = inspect.getsource(BaseGraphQLTransportWSHandler.__init__)
    for name in ("view", "websocket", "context", "schema", "connection_acknowledged", "operations"):
        assert f"self.{name}" in source, name
    assert {"id", "query", "variables", "operation_name"} <= set(Operation.__slots__)
    assert "self.ws = " in inspect.getsource(ASGIWebSocketAdapter.__init__)
    source = inspect.getsource(ExecutionContext)
    for name in ("_provided_operation_name", "pre_execution_errors", "graphql_document"):
        assert f"self.{name}" in source or f"{name}:" in source, name


def test_a_field_is_known_by_its_declaration():
    core = core_schema(schema)
    video, query = (core.type_map[name].fields for name in ("VideoProcessing", "Query"))  # type: ignore[attr-defined]
    assert plain_attribute(video["originalFileName"]) == "original_file_name"
    assert plain_attribute(query["videos"]) is None
    assert field_definition(query["videos"]).is_async  # type: ignore[union-attr]
    assert [value.name for value in enum_values(ProcessingStatus)] == list(ProcessingStatus.__members__)


def touched(file: Path) -> list[str]:
    """Return the underscores that a file names and did not make, and what it imports of the handler of WebSockets."""
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    made = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    made |= {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
    made |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return [
        *(node.attr for node in attributes if node.attr.startswith("_") and node.attr not in made | {"__doc__"}),
        *(module for module in imported if module.startswith("strawberry.subscriptions.protocols.")),
    ]


def test_one_file_alone_touches_strawberrys_insides():
    found = {file.name: names for file in sorted(PACKAGE.glob("*.py")) if (names := touched(file))}
    assert set(found) == {"strawberry_insides.py"}, found
