"""The port ``WebhookSender``: HTTP to receivers that users choose, kept away from all that is not public."""

import asyncio
import ssl
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import responses
from typing import Final, final
from urllib.parse import SplitResult, urlsplit

import httpcore
import structlog
from opentelemetry.trace import SpanKind
from standardwebhooks import Webhook

from app.domain.errors import InvalidInput, NotificationError, WebhookGone
from app.domain.network import Network
from app.domain.webhook import WebhookMessage, checked_webhook_url
from app.infra.public_network import (
    NotPublic,
    PublicNetwork,
    Resolve,
    SystemResolver,
    Unresolved,
    plain,
    public_authorities,
)
from app.infra.traces import continued, current_traceparent, span

log = structlog.get_logger(__name__)

_ANSWER_MAX: Final = 64 * 1024
_NOT_PUBLIC: Final = "This webhook leads to an address that is not open to the whole internet, so nothing was sent."


@final
class HttpWebhooks:
    """Posts one message a connection, signed by the Standard Webhooks specification 1.0.0.

    Redirects are not followed, nothing of an answer is kept but its status, and of its body at most 64 KiB are read.
    All of it, resolving included, takes ``whole_seconds`` at most. ``loopback`` lets receivers be on this very machine,
    for development; ``denied`` are networks of the operator's that are public all the same.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        denied: Collection[Network] = (),
        whole_seconds: float = 15.0,
        trusted: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._loopback = loopback
        self._whole_seconds = whole_seconds
        self._trusted = trusted
        self._now = now
        self._network = PublicNetwork(
            network or httpcore.AnyIOBackend(), resolve or SystemResolver(), loopback=loopback, denied=frozenset(denied)
        )

    async def send(self, message: WebhookMessage) -> str:
        """Return the status with which the receiver took it, 200 to 299.

        :raises NotificationError: with what is wrong; permanent where the address must not be reached
        :raises WebhookGone: where the receiver answers 410
        """
        with continued(message.traceparent), span("post webhook", SpanKind.CLIENT):
            try:
                return _classified(await self._status(message))
            except NotificationError as error:
                host = urlsplit(message.url).hostname
                log.info("a webhook was not delivered", notification=message.id, host=host, answer=error.message)
                raise

    async def _status(self, message: WebhookMessage) -> int:
        try:
            to = urlsplit(checked_webhook_url(message.url, loopback=self._loopback))
        except InvalidInput as error:
            raise NotificationError(error.message, permanent=True) from None
        try:
            async with asyncio.timeout(self._whole_seconds):
                return await self._post(to, message)
        except (TimeoutError, httpcore.TimeoutException):
            raise NotificationError(f"The receiver took longer than {self._whole_seconds:g} seconds.") from None
        except NotPublic:
            raise NotificationError(_NOT_PUBLIC, permanent=True) from None
        except Unresolved:
            raise NotificationError("The name of this webhook's host could not be resolved.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise NotificationError(f"The receiver could not be talked to: {plain(error)}.") from error

    async def _post(self, to: SplitResult, message: WebhookMessage) -> int:
        target = f"{to.path}?{to.query}" if to.query else to.path
        # A pool of its own for each post: the next one looks at the addresses again.
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._trusted or public_authorities(),
                max_keepalive_connections=0,
                network_backend=self._network,
            ) as pool,
            pool.stream(
                "POST",
                httpcore.URL(scheme=to.scheme, host=to.hostname or "", port=to.port, target=target),
                headers=list(self._headers(to, message).items()),
                content=message.body.encode(),
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._whole_seconds)},
            ) as response,
        ):
            seen = 0
            async for chunk in response.aiter_stream():  # Let the receiver finish its answer, if that is short.
                seen += len(chunk)
                if seen >= _ANSWER_MAX:
                    break
            return response.status

    def _headers(self, to: SplitResult, message: WebhookMessage) -> dict[str, str]:
        now, traceparent = self._now(), current_traceparent()
        signatures = [Webhook(secret).sign(message.id, now, message.body) for secret in message.secrets]
        return {
            "Host": to.netloc,
            "Content-Type": "application/json",
            "User-Agent": "FIAPX-Webhooks/1.0",
            "Connection": "close",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
            **({"traceparent": traceparent} if traceparent else {}),
        }


def _classified(status: int) -> str:
    """Return what is written down of a status; raises ``NotificationError`` for all but success."""
    answer = f"HTTP {status} {responses.get(status, '')}".strip()
    if status == HTTPStatus.GONE:
        raise WebhookGone(answer)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise NotificationError(f"{answer} (redirects are not followed)")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise NotificationError(answer)
    return answer
