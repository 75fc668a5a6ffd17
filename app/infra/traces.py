"""One trace for one video: W3C Trace Context through every process, OpenTelemetry's spans where somebody wants them.

Who opens spans asks OpenTelemetry's own interface for a tracer, as who logs asks structlog for a logger; ``tracing``
says once for a process what becomes of them. Nothing that tells who a user is, what a file is called or how it can be
fetched goes into a span: no messages of errors, no URLs, no names.
"""

import random
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final, final

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import NonRecordingSpan, NoOpTracer, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from app.settings import TraceSettings

_EXPORT_SECONDS: Final = 5.0
_LAST_SECONDS: Final = 2.0
"""So long the end of a process may wait for a collector that is slow or away."""

_tracer: Final = trace.get_tracer("fiapx")
_w3c: Final = TraceContextTextMapPropagator()


@final
class _OnlyIds(trace.TracerProvider, NoOpTracer):
    """Records nothing. A trace has its id all the same, so that log lines and rows can be found by it."""

    def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
        return self

    def start_span(self, name: str, context: Context | None = None, *_: Any, **__: Any) -> Span:  # noqa: ARG002 - the interface's signature
        """Go on with the trace that there is, or begin one."""
        current = trace.get_current_span(context)
        if current.get_span_context().is_valid:
            return current
        # No secrets: whoever makes them may send any of their own.
        ids = SpanContext(random.getrandbits(128), random.getrandbits(64), is_remote=False)
        return NonRecordingSpan(ids)


@contextmanager
def tracing(settings: TraceSettings, service: str) -> Iterator[None]:
    """Send this process's spans to the collector for as long as the block lasts; without an endpoint only make ids."""
    if settings.otlp_endpoint is None:
        trace.set_tracer_provider(_OnlyIds())
        yield
        return
    # The SDK is not even loaded by those who do not use it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415

    provider = TracerProvider(
        # By the trace's id alone, so that every process decides alike, and by no stranger's flag.
        sampler=TraceIdRatioBased(settings.trace_ratio),
        resource=Resource.create({"service.name": service}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(f"{settings.otlp_endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        ending = Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(_LAST_SECONDS)


@contextmanager
def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Mapping[str, AttributeValue] = {}
) -> Iterator[Span]:
    """Time what the block does, as a part of the current trace; of an error only its type is kept."""
    begun = _tracer.start_span(name, kind=kind, attributes=attributes)
    with trace.use_span(begun, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield begun
        except Exception as error:
            begun.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


@contextmanager
def continued(traceparent: str | None) -> Iterator[None]:
    """Let the block belong to the trace that something was written down in; None where that was in none."""
    token = attach(_w3c.extract({"traceparent": traceparent} if traceparent else {}))
    try:
        yield
    finally:
        detach(token)


def current_traceparent() -> str | None:
    """Write down the current trace as the header ``traceparent`` does (W3C Trace Context, version 00)."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier.get("traceparent")


def add_trace(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the trace in a log line, and the span where there is one; a processor of structlog's."""
    current = trace.get_current_span()
    here = current.get_span_context()
    if here.is_valid:
        event["trace_id"] = f"{here.trace_id:032x}"
        if current.is_recording():
            event["span_id"] = f"{here.span_id:016x}"
    return event
