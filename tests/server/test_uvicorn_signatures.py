"""What app/server/protocol.py overrides is as it was when that was written: another uvicorn is looked at first."""

import inspect

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.server.protocol import BoundedHttp, BoundedWebSocket

HTTP = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "on_header": ["self", "name", "value"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
    "_start_asgi_task": ["self", "cycle", "app"],
}
WEBSOCKET = {
    "connection_lost": ["self", "exc"],
    "shutdown": ["self"],
    "handle_cont": ["self", "event"],
    "handle_text": ["self", "event"],
    "handle_bytes": ["self", "event"],
    "handle_ping": ["self"],
    "handle_pong": ["self", "event"],
}
CALLED: dict[type, list[str]] = {
    HttpToolsProtocol: [
        "_unset_keepalive_if_required",
        "_should_upgrade",
        "_unsupported_upgrade_warning",
        "handle_websocket_upgrade",
    ],
    WebSocketsSansIOProtocol: ["stop_keepalive"],
}


@pytest.mark.parametrize(
    ("theirs", "ours", "methods"),
    [(HttpToolsProtocol, BoundedHttp, HTTP), (WebSocketsSansIOProtocol, BoundedWebSocket, WEBSOCKET)],
)
def test_what_is_overridden_has_the_same_parameters(theirs: type, ours: type, methods: dict[str, list[str]]):
    for name, parameters in methods.items():
        assert list(inspect.signature(getattr(theirs, name)).parameters) == parameters, name
        assert getattr(ours, name) is not getattr(theirs, name), name
    of_uvicorn = {name for name in vars(ours) if name in vars(theirs) and inspect.isfunction(vars(ours)[name])}
    assert of_uvicorn == {*methods, "__init__"}


@pytest.mark.parametrize("theirs", CALLED)
def test_what_is_called_is_there(theirs: type):
    for name in CALLED[theirs]:
        assert list(inspect.signature(getattr(theirs, name)).parameters) == ["self"], name


def test_what_is_read_is_there():
    source = inspect.getsource(HttpToolsProtocol)
    for name in ("server_state", "pipeline", "ws_protocol_class", "parser", "headers", "url", "client", "loop"):
        assert f"self.{name}" in source, name
    assert "self.response_complete" in inspect.getsource(RequestResponseCycle)
    source = inspect.getsource(WebSocketsSansIOProtocol)
    for name in ("conn", "close_sent", "transport", "loop"):
        assert f"self.{name}" in source, name
