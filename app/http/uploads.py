"""How many files may be on their way in at once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, cast, final

from starlette.requests import HTTPConnection

from app.domain.errors import RateLimited
from app.http.metrics import Metrics
from app.http.places import Places, TooMany
from app.http.policy import Policy
from app.usecases.ports import Viewer

_RETRY_SECONDS: Final = 10


@final
class Uploads:
    """The uploads under way in this process, each of which holds memory for as long as its client takes."""

    def __init__(self, policy: Policy, metrics: Metrics) -> None:
        self._policy = policy
        self._metrics = metrics
        self._by_user = Places()
        self._all = Places()

    @contextmanager
    def one_more(self, viewer: Viewer) -> Iterator[None]:
        """Hold a place for as long as the block lasts; begin it before a byte of the file is read.

        :raises RateLimited: where the viewer, or everybody together, has as many under way as may be
        """
        with ExitStack() as held:
            try:
                held.enter_context(self._by_user.taken(viewer.id, self._policy.max_uploads_per_user))
                held.enter_context(self._all.taken("", self._policy.max_uploads))
            except TooMany:
                self._metrics.refusals.labels("uploads").inc()
                raise RateLimited(
                    "Too many uploads are under way; wait until one has ended.", retry_after_seconds=_RETRY_SECONDS
                ) from None
            yield


def uploads_of(connection: HTTPConnection) -> Uploads:
    """Give this application's."""
    return cast("Uploads", connection.app.state.uploads)
