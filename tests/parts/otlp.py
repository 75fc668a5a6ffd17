"""A collector of traces: takes OTLP over HTTP in protobuf, as OpenTelemetry's own does, and keeps every span."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.parts.receiver import Receiver, receiving

_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
PATH = "POST /v1/traces HTTP/1.1"


@dataclass(frozen=True)
class SeenSpan:
    """One span; ids are in hex, as in a ``traceparent``, and ``text`` is all that was sent of it."""

    service: str
    name: str
    kind: str
    trace_id: str
    id: str
    parent: str
    failed: bool
    attributes: dict[str, str]
    text: str


class Collector:
    """Reads what a ``Receiver`` was sent."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.endpoint = f"http://127.0.0.1:{receiver.port}"

    @property
    def spans(self) -> list[SeenSpan]:
        seen = []
        for post in self._receiver.posts:
            assert post.line == PATH
            assert post.headers["content-type"] == "application/x-protobuf"
            for resource in ExportTraceServiceRequest.FromString(post.body).resource_spans:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    seen += [_seen(about["service.name"], span) for span in scope.spans]
        return seen

    def of_trace(self, trace_id: str) -> list[SeenSpan]:
        return [span for span in self.spans if span.trace_id == trace_id]


def _seen(service: str, span: Span) -> SeenSpan:
    return SeenSpan(
        service,
        span.name,
        Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.status.code == span.status.STATUS_CODE_ERROR,
        {one.key: one.value.string_value or str(one.value.int_value) for one in span.attributes},
        str(span),
    )


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    async with receiving(Receiver(answer=lambda _: _TAKEN)) as receiver:
        yield Collector(receiver)
