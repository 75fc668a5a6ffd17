"""A span for each request that the library makes, through the events that it offers for this.

It says which operation it was and how it ended. No URL, no header and no key: they may be signed, or name what is ours.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OURS: Final = "fiapx_span"

_tracer: Final = trace.get_tracer("fiapx")


def trace_requests(client: "S3Client") -> None:
    """Let every request of this client be a part of the trace in which it is made."""
    client.meta.events.register("before-call.s3", _begin)
    client.meta.events.register("after-call.s3", _answered)
    client.meta.events.register("after-call-error.s3", _broken)


def _begin(*, model: Any, context: dict[str, Any], **_: Any) -> None:
    said = {"rpc.system.name": "aws-api", "rpc.method": f"S3/{model.name}"}
    context[_OURS] = _tracer.start_span(f"S3/{model.name}", kind=SpanKind.CLIENT, attributes=said)


def _answered(*, http_response: Any, context: dict[str, Any], **_: Any) -> None:
    span: trace.Span = context[_OURS]
    span.set_attribute("http.response.status_code", http_response.status_code)
    if http_response.status_code >= HTTPStatus.BAD_REQUEST:
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def _broken(*, exception: Exception, context: dict[str, Any], **_: Any) -> None:
    span: trace.Span = context[_OURS]
    span.set_status(Status(StatusCode.ERROR, type(exception).__name__))
    span.end()
