"""One execution and one encoding of an event for all who asked for the same of it.

A user's pages are open in many tabs and on many machines, and all send the same operation. What their subscriptions
answer to one event is then the same text, which each process makes once.
"""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from graphql import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.graphql.shared_answers import EncodedOnce
from app.graphql.videos import VideoProcessing


class SharingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Executes a snapshot of a video once for the same viewer, operation and variables, and anything else as ever."""

    _variables: str | None = None

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        if self._variables is None:
            self._variables = json.dumps(self.variable_values.coerced, sort_keys=True, default=repr)
        return super().build_per_event_executor(payload)

    def execute_operation(self, serially: bool | None = None) -> Any:
        if not isinstance(self.root_value, VideoProcessing):
            return super().execute_operation(serially)
        snapshot, context = self.root_value.seen, self.context_value
        key = (id(snapshot), id(self.operation), self._variables, context.viewer.id)
        answer = context.shared_answers.get(key)
        if answer is None:
            answer = super().execute_operation(serially)
            if self.is_awaitable(answer):
                answer = asyncio.ensure_future(_awaited(answer))
            else:
                _encode_once(answer)
            context.shared_answers.keep(key, answer, (snapshot, self.operation))
        if not isinstance(answer, asyncio.Future):
            return answer
        return answer.result() if answer.done() else asyncio.shield(answer)


async def _awaited(answer: Awaitable[Any]) -> Any:
    return _encode_once(await answer)


def _encode_once(answer: Any) -> Any:
    if answer.data is not None:
        answer.data = EncodedOnce(answer.data)
    return answer
