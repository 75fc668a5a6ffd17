"""What every resolver is handed: who asks, and all that can be done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import strawberry
from strawberry.dataloader import DataLoader

from app.domain import user
from app.domain.errors import Unauthenticated
from app.domain.video import StatusChange, VideoId
from app.graphql.shared_answers import SharedAnswers
from app.http.edge import Edge, bearer_viewer, is_over
from app.http.metrics import Metrics
from app.http.policy import Policy
from app.usecases.catalogue import UseCases
from app.usecases.ports import Viewer


@dataclass(slots=True, weakref_slot=True)
class Context:
    """One request's, or one WebSocket's. Strawberry fills in ``connection_params`` when a socket is opened."""

    edge: Edge
    authorization: str | None
    locale: user.Locale
    address: str
    """The client's network address."""
    policy: Policy
    metrics: Metrics
    shared_answers: SharedAnswers
    connection_params: object = None
    _verified: Viewer | None = field(init=False, default=None)
    histories: DataLoader[VideoId, Sequence[StatusChange]] = field(init=False)

    def __post_init__(self) -> None:
        # Nothing is cached: a socket lives on while the log grows. What one answer asks for is still one read.
        self.histories = DataLoader(self._histories, cache=False)

    @property
    def do(self) -> UseCases:
        """The use cases."""
        return self.edge.do

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
            self._verified = bearer_viewer(self.edge, authorization)
        if is_over(self.edge, self._verified):
            raise Unauthenticated
        return self._verified

    async def _histories(self, videos: list[VideoId]) -> Sequence[Sequence[StatusChange]]:
        return await self.do.show_histories(videos)


class Info(strawberry.Info[Context, None]):
    """What resolvers are handed."""
