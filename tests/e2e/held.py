"""An operation of a page that is held back on its way."""

import asyncio
from contextlib import suppress

from playwright.async_api import Error, Route

from tests.e2e.visitor import Visitor


class Held:
    """Keeps the operations of one name back until ``let_go`` is set: their answers, or the questions themselves."""

    def __init__(self, operation: str, *, only_first: bool = False, answered: bool = True) -> None:
        self._operation, self._only_first, self._answered = operation, only_first, answered
        self._here, self.let_go, self.over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, route: Route) -> None:
        if not Visitor.asks(route.request, self._operation) or (self._only_first and self._here.is_set()):
            await route.fallback()
            return
        answer = await route.fetch() if self._answered else None
        self._here.set()
        await self.let_go.wait()
        with suppress(Error):  # The page does not wait for it any more.
            await (route.fulfill(response=answer) if answer else route.continue_())
        self.over.set()

    async def is_here(self) -> None:
        """Wait until one is held."""
        await asyncio.wait_for(self._here.wait(), 10)


async def held(visitor: Visitor, operation: str) -> Held:
    """Hold back the answers to a page's operation."""
    answers = Held(operation)
    await visitor.page.route("**/graphql", answers)
    return answers
