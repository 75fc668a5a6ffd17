"""What every resolver is handed: who asks, and all that can be done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import strawberry
from strawberry.dataloader import DataLoader

from app.domain import user
from app.domain.audit import Operator
from app.domain.errors import RateLimited, Unauthenticated
from app.domain.session import Scope, Viewer
from app.domain.user import UserId
from app.domain.video import StatusChange, VideoId
from app.graphql.documents import Document, Documents
from app.graphql.effort import network_of
from app.graphql.limits import length_error
from app.graphql.shared_answers import SharedAnswers
from app.server.metrics import Metrics
from app.server.services import Services, bearer_viewer, is_over
from app.settings import Settings
from app.usecases.catalogue import UseCases


@dataclass(slots=True, weakref_slot=True)
class Context:
    """One request's, or one WebSocket's. Strawberry fills in ``connection_params`` when a socket is opened."""

    services: Services
    authorization: str | None
    locale: user.Locale
    address: str
    """The client's network address."""
    agent: str | None
    """What the client calls itself."""
    settings: Settings
    metrics: Metrics
    shared_answers: SharedAnswers
    documents: Documents
    connection_params: object = None
    _verified: Viewer | None = field(init=False, default=None)
    _why_not: str | None = field(init=False, default=None)
    histories: DataLoader[VideoId, Sequence[StatusChange]] = field(init=False)

    def __post_init__(self) -> None:
        # Nothing is cached: a socket lives on while the log grows. What one answer asks for is still one read.
        self.histories = DataLoader(self.do.videos.histories, cache=False)

    @property
    def do(self) -> UseCases:
        """The use cases."""
        return self.services.do

    async def find_out_who_asks(self) -> None:
        """Verify the token or the key, once; a stranger hears why they are one when they ask for what is not for all.

        :raises RateLimited: where a key comes too often
        """
        authorization: object = self.authorization
        if isinstance(self.connection_params, dict):
            authorization = self.connection_params.get("authorization")
        try:
            self._verified = await bearer_viewer(self.services, authorization if isinstance(authorization, str) else "")
        except Unauthenticated as stranger:
            self._why_not = stranger.message

    @property
    def whoever(self) -> Viewer:
        """Who asks, signed in or by a key; raises ``Unauthenticated``, on a socket also once the session is over."""
        if self._verified is None or is_over(self.services, self._verified):
            raise Unauthenticated(self._why_not)
        return self._verified

    @property
    def viewer(self) -> Viewer:
        """Who asks and has signed in.

        :raises Unauthenticated: where nobody has, or where the session is over
        :raises InsufficientScope: where it is a key, since no key changes an account
        """
        return self.whoever.allowed()

    def allowed(self, scope: Scope) -> Viewer:
        """Return who asks, signed in or by a key of this scope; raises as ``viewer`` does."""
        return self.whoever.allowed(scope)

    async def count_for_key(self) -> None:
        """Count one operation more over a socket that a key opened; raises ``RateLimited`` where it is one too many."""
        if self._verified is not None and self._verified.scopes is not None:
            await self.do.api_keys.count(self._verified)

    @property
    def operator(self) -> Operator:
        """Who asks, as somebody who may have an operator's role: whether they do is looked up where it counts."""
        return Operator.signed_in(self.viewer.id)

    @property
    def payers(self) -> tuple[str, UserId | None]:
        """The network and the user whose share of this process's time an operation takes; of a stranger no user."""
        try:
            return network_of(self.address), self.whoever.id
        except Unauthenticated:
            return network_of(self.address), None

    async def afford(self, text: str | None) -> None:
        """Return when there is time for an operation; one that is too long is not looked at, and takes none.

        :raises RateLimited: where its network or user has taken too much
        """
        if length_error(text or "", self.settings):
            return
        try:
            await self.documents.afford(text or "", *self.payers)
        except RateLimited:
            self.metrics.rejected.labels("cpu").inc()
            raise

    def document(self, text: str | None) -> Document | None:
        """Read what was sent; None where it is too long to be looked at."""
        return None if length_error(text or "", self.settings) else self.documents.read(text or "", *self.payers)


class Info(strawberry.Info[Context, None]):
    """What resolvers are handed."""
