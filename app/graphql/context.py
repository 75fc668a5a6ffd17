"""What every resolver is handed: who asks, and all that can be done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import strawberry
from strawberry.dataloader import DataLoader

from app.domain import user
from app.domain.errors import RateLimited, Unauthenticated
from app.domain.session import Viewer
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
    settings: Settings
    metrics: Metrics
    shared_answers: SharedAnswers
    documents: Documents
    connection_params: object = None
    _verified: Viewer | None = field(init=False, default=None)
    histories: DataLoader[VideoId, Sequence[StatusChange]] = field(init=False)

    def __post_init__(self) -> None:
        # Nothing is cached: a socket lives on while the log grows. What one answer asks for is still one read.
        self.histories = DataLoader(self.do.videos.histories, cache=False)

    @property
    def do(self) -> UseCases:
        """The use cases."""
        return self.services.do

    @property
    def viewer(self) -> Viewer:
        """Who asks; raises ``Unauthenticated``, on a socket also once the session is over.

        The token is verified once, and from then on only its time and its session are looked at.
        """
        if self._verified is None:
            authorization = self.authorization
            if isinstance(self.connection_params, dict):
                authorization = self.connection_params.get("authorization")
            if not isinstance(authorization, str):
                raise Unauthenticated
            self._verified = bearer_viewer(self.services, authorization)
        if is_over(self.services, self._verified):
            raise Unauthenticated
        return self._verified

    @property
    def payers(self) -> tuple[str, UserId | None]:
        """The network and the user whose share of this process's time an operation takes; of a stranger no user."""
        try:
            return network_of(self.address), self.viewer.id
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
