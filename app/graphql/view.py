"""GraphQL over HTTP (the GraphQL Foundation's draft specification) and over WebSocket, on Strawberry's view.

What is ours: errors are JSON and have the specification's status, the media type is negotiated, bodies are bounded and
malformed ones are 400, and a file is streamed.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from time import monotonic
from typing import Any, Final, cast

from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from opentelemetry.trace import get_current_span
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError, MissingQueryError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData, process_result
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import (
    GRAPHQL_SSE_PROTOCOL,
    GRAPHQL_TRANSPORT_WS_PROTOCOL,
    MULTIPART_SUBSCRIPTION_PROTOCOL,
)
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from app.domain import session
from app.domain.errors import DomainError, FileTooLarge, RateLimited, Unauthenticated
from app.graphql.codes import BAD_USER_INPUT
from app.graphql.context import Context
from app.graphql.documents import Documents
from app.graphql.masking import public_errors
from app.graphql.multipart_request import parsed_operations
from app.graphql.negotiation import GRAPHQL_RESPONSE, JSON, negotiated
from app.graphql.operation_pipeline import is_subscription, kind_and_field
from app.graphql.problems import top_level
from app.graphql.schema import schema
from app.graphql.shared_answers import SharedAnswers
from app.graphql.strawberry_insides import stream_protocol
from app.graphql.streams import TextStream, ending_with_session
from app.graphql.websocket import TextWebSocket, TransportWebSocket
from app.server.body import bounded_body, is_json
from app.server.concurrency import ConcurrencyLimit, TooMany
from app.server.metrics import metrics_of
from app.server.multipart import declared_bytes
from app.server.preferences import preferred_locale
from app.server.problems import domain_problem, expected
from app.server.services import address_of, services_of
from app.server.throttle import TokenBuckets
from app.server.uploads import uploads_of
from app.settings import Settings
from app.usecases.ports.database import DatabaseUnavailable

MULTIPART: Final = "multipart/form-data"
_STREAM_RETRY_SECONDS: Final = 10
_INTRODUCTION: Final = timedelta(seconds=5)
"""For so long a WebSocket's client has not introduced itself, and is waited for."""
_PREFLIGHT: Final = (
    "authorization",
    "apollo-require-preflight",
    "x-apollo-operation-name",
    "graphql-require-preflight",
)
"""No page of another origin can send one of these without asking first (CORS), so they stand against CSRF."""


class _RequestAdapter(StarletteRequestAdapter):
    """Strawberry's, which gives no way to the request itself, whose body is still unread."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


class GraphQLView(GraphQL[Context, None]):
    """Everything at ``/graphql``."""

    graphql_transport_ws_handler_class = TransportWebSocket
    request_adapter_class = _RequestAdapter
    websocket_adapter_class = TextWebSocket

    def __init__(self, settings: Settings, buckets: TokenBuckets) -> None:
        self.settings = settings
        self.buckets = buckets
        self.messages = TokenBuckets(settings.socket_messages_per_minute)
        self.sockets = ConcurrencyLimit()
        """WebSockets and streams over plain HTTP, by network and by user."""
        self._shared_answers = SharedAnswers()
        self.documents = Documents(settings)
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=[
                GRAPHQL_TRANSPORT_WS_PROTOCOL,
                GRAPHQL_SSE_PROTOCOL,
                MULTIPART_SUBSCRIPTION_PROTOCOL,
            ],
            connection_init_wait_timeout=_INTRODUCTION,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        with ExitStack() as request.state.held:
            await self._respond(request, scope, receive, send)

    async def _respond(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            streams = stream_protocol(self, request.headers) is not None
            _check(request, streams=streams)
            response = await self._run(request)
        except HTTPException as error:
            response = _http_error(request, error)
        except (DomainError, DatabaseUnavailable) as error:
            response = _expected(request, error)
        await response(scope, receive, send)

    async def _run(self, request: Request) -> Response:
        """Answer; a multipart request is an upload under way from before a byte of its body is read."""
        context = request.state.context = self._new_context(request)
        await context.find_out_who_asks()
        if _media_type(request) != MULTIPART:
            return await self.run(request)
        upload = uploads_of(request).one_more(context.allowed(session.Scope.UPLOAD).id, declared_bytes(request))
        async with upload as request.state.incoming:
            return await self.run(request)

    async def get_context(self, request: HTTPConnection, response: object) -> Context:  # noqa: ARG002 - Strawberry's signature
        """Return the request's, which knows who asks; a socket's client introduces itself later."""
        context: Context = request.state.context if isinstance(request, Request) else self._new_context(request)
        return context

    def _new_context(self, request: HTTPConnection) -> Context:
        return Context(
            services_of(request),
            request.headers.get("authorization") if isinstance(request, Request) else None,
            preferred_locale(request.headers.get("accept-language")),
            address_of(request),
            session.agent_of(request.headers.get("user-agent")),
            self.settings,
            metrics_of(request),
            self._shared_answers,
            self.documents,
        )

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Refuse a stranger with 4403: every subscription needs a session or a key."""
        await context.find_out_who_asks()
        try:
            context.whoever  # noqa: B018 - it raises
        except Unauthenticated:
            raise ConnectionRejectionError from None
        return cast("UnsetType", UNSET)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:  # noqa: ARG002 - Strawberry's signature
        """Return whether pages of another origin than ours may connect."""
        return origin in self.settings.allowed_origins

    def should_render_graphql_ide(self, request: object) -> bool:  # noqa: ARG002 - Strawberry's signature
        """Never: pages have paths of their own."""
        return False

    def decode_json(self, data: str | bytes) -> object:
        """Read a WebSocket's message; one nested beyond all reason is as malformed as any other."""
        try:
            return super().decode_json(data)
        except RecursionError:
            raise json.JSONDecodeError("Too deep", "", 0) from None

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """Read one operation, checked in shape; a file in it is still on its way."""
        try:
            data = _request_data(await _parsed(request))
        except FileTooLarge as error:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error.message) from None
        except DomainError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, error.message) from None
        asked = cast("_RequestAdapter", request).request
        context: Context = asked.state.context
        await context.afford(data.query)
        protocol = stream_protocol(self, request.headers)
        if protocol is None or not self._streams(data, context, asked.headers.get("accept", "")):
            return data
        return replace(data, protocol=protocol)

    def _streams(self, data: GraphQLRequestData, context: Context, accept: str) -> bool:
        """Return whether a client that takes streams needs one: some name them with every request, as urql does."""
        document = context.document(data.query)
        watches = document is not None and is_subscription(document, data.operation_name)
        return watches or negotiated(accept) is None

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,  # noqa: ARG002 - Strawberry's signature
        sub_response: Response,  # noqa: ARG002 - Strawberry's signature
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Execute what has one answer: a query, or by POST a mutation."""
        allowed = {OperationType.QUERY} if request.method == "GET" else {OperationType.QUERY, OperationType.MUTATION}
        began = monotonic()
        try:
            result = await self.schema.execute(
                request_data.query,
                root_value=root_value,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                operation_extensions=request_data.extensions,
                allowed_operation_types=allowed,
            )
        except MissingQueryError:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "Send an operation, as query.") from None
        except CannotGetOperationTypeError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, error.as_http_error_reason()) from None
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.MUTATION:
                raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, "Send mutations by POST.") from None
            raise HTTPException(
                HTTPStatus.BAD_REQUEST, "Subscribe over graphql-transport-ws, or with Accept: text/event-stream."
            ) from None
        kind, field = kind_and_field(context.document(request_data.query), request_data.operation_name)
        if result.data is None and all(error.path is None for error in result.errors or ()):
            field = "refused"  # Its names are the client's, and there is no end of them.
        context.metrics.operated(kind, field, failed=bool(result.errors), seconds=monotonic() - began)
        get_current_span().set_attributes({"graphql.operation.type": kind, "fiapx.field": field})
        return result

    async def create_streaming_response(
        self, request: Request | WebSocket, stream: TextStream, sub_response: Response, headers: Mapping[str, str]
    ) -> Response:
        """Stream to whoever has a session, for as long as it lasts; a stream counts as a socket does.

        :raises RateLimited: where its user or its network has as many as may be
        """
        context = await self.get_context(request, sub_response)
        held: ExitStack = request.state.held
        try:
            held.enter_context(self.sockets.acquire(context.address, self.settings.max_sockets_per_address))
            held.enter_context(self.sockets.acquire(context.whoever.id, self.settings.max_sockets_per_user))
        except TooMany:
            context.metrics.rejected.labels("sockets").inc()
            sentence = "Too many streams are open; close one first."
            raise RateLimited(sentence, retry_after_seconds=_STREAM_RETRY_SECONDS) from None
        lasting = ending_with_session(context.services, context.whoever, stream)
        return await super().create_streaming_response(request, lasting, sub_response, headers)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """Mask errors, and leave ``data`` out where execution never began (section 7.1 of the specification)."""
        result.errors = public_errors(result.errors)
        for error in result.errors or ():
            metrics_of(request).rejected.labels((error.extensions or {}).get("code", "none")).inc()
        answer = process_result(result)
        # Strawberry tells by the result's type, but not for an input object with exactly one field too many.
        if result.data is None and all(error.path is None for error in result.errors or ()):
            del answer["data"]
        return answer

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Carry the media type that was agreed upon to ``create_response``."""
        carrier = await super().get_sub_response(request)
        carrier.media_type = negotiated(request.headers.get("accept", "")) or JSON
        return carrier

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        """Answer a refused operation with status 400 in the media type that allows it (section 6.4)."""
        refused = "data" not in response_data and sub_response.media_type == GRAPHQL_RESPONSE
        status = HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK
        return _answer(response_data, status, sub_response.media_type or JSON)


def _check(request: Request, *, streams: bool) -> None:
    """Refuse what is wrong before its body is looked at."""
    kind = _media_type(request)
    if request.method not in {"GET", "POST"}:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, "Use GET or POST.")
    if request.method == "POST" and kind != MULTIPART and not is_json(request.headers.get("content-type", "")):
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json, in UTF-8, or multipart/form-data."
        )
    if not streams and negotiated(request.headers.get("accept", "")) is None:
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE, f"Accept {GRAPHQL_RESPONSE} or {JSON}.")
    if kind == MULTIPART and not any(name in request.headers for name in _PREFLIGHT):
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, "A multipart request needs Authorization or GraphQL-Require-Preflight."
        )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _parsed(adapter: AsyncHTTPRequestAdapter) -> object:
    request = cast("_RequestAdapter", adapter).request
    if request.method == "GET":
        query = dict(request.query_params)
        return {**query, **{name: _json(query[name]) for name in ("variables", "extensions") if query.get(name)}}
    if _media_type(request) == MULTIPART:
        return await parsed_operations(request, request.state.incoming)
    return _json(await bounded_body(request))


def _json(text: str | bytes) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "This is not valid JSON.") from None
    return value


def _request_data(parsed: object) -> GraphQLRequestData:
    if not isinstance(parsed, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Send one operation, as a JSON object.")
    wanted: Mapping[str, type] = {"query": str, "operationName": str, "variables": dict, "extensions": dict}
    for name, kind in wanted.items():
        if not isinstance(parsed.get(name), (kind, type(None))):
            raise HTTPException(
                HTTPStatus.BAD_REQUEST, f"{name} must be a JSON {'string' if kind is str else 'object'}."
            )
    return GraphQLRequestData(
        query=parsed.get("query"),
        variables=parsed.get("variables"),
        operation_name=parsed.get("operationName"),
        extensions=parsed.get("extensions"),
    )


def _http_error(request: Request, raised: HTTPException) -> Response:
    too_large = raised.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = FileTooLarge.code if too_large else BAD_USER_INPUT
    response = _error_response(request, raised.status_code, raised.reason, {"code": code})
    if raised.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = "POST" if request.method == "GET" else "GET, POST"
    return response


def _expected(request: Request, raised: DomainError | DatabaseUnavailable) -> Response:
    """Answer as REST does, with the same status and headers, as a GraphQL error."""
    error = expected(raised)
    if error is None:
        raise raised
    told = domain_problem(error)
    response = _error_response(request, told.status_code, *top_level(error) or (error.message, {"code": error.code}))
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in told.headers:
            response.headers[name] = told.headers[name]
    return response


def _error_response(request: Request, status: int, message: str, extensions: Mapping[str, object]) -> Response:
    media_type = negotiated(request.headers.get("accept", "")) or JSON
    return _answer({"errors": [{"message": message, "extensions": extensions}]}, status, media_type)


def _answer(content: object, status: int, media_type: str) -> Response:
    return Response(json.dumps(content, separators=(",", ":")), status, media_type=f"{media_type}; charset=utf-8")
