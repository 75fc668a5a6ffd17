"""Documents: parsed and validated once, kept within so many bytes, and paid for by whoever brings a new one."""

import sys
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from math import ceil
from time import thread_time
from typing import Final, final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.domain.errors import RateLimited
from app.graphql.codes import LIMIT_EXCEEDED
from app.graphql.effort import Effort
from app.server.concurrency import FairTurns
from app.settings import Settings

_SHELF_BYTES: Final = 8 * 1024**2
"""For some hundred documents as pages send them, or for twelve that are as large as may be; there are two shelves."""
_TOKEN_BYTES: Final = 640
"""What a token takes with all that is made of it; measured: 340 to 610, by what it is."""
_ERROR_BYTES: Final = 2048
MAX_ERRORS: Final = 5
"""More help nobody, and each costs."""
_DEAR_SECONDS: Final = 0.002
"""What no page asks for before it has a session; as many of these as a network may ask for are a fifth of a process."""
_QUERIES_OF_A_USER: Final = 2
"""As many as two pages ask at once; each may ask the database ten things, which it is asked all together."""
_QUERIES_OF_A_NETWORK: Final = 6
"""More bring a process no further, whose one core answers them."""
_MAX_COMPARISONS: Final = 9_400
"""In graphql-core's units: 97 fields of one name in one selection are 9,312, twice as many four times that."""


class _OverlappingFields(OverlappingFieldsCanBeMergedRule):
    """graphql-core's, which compares fields of one name with each other, less often than it does by itself."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _MAX_COMPARISONS


_RULES: Final = (
    *(_OverlappingFields if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules),
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


@dataclass(slots=True)
class Document:
    """A text, what was made of it, and what is wrong with it as far as somebody looked; without ``node`` its syntax."""

    text: str
    node: DocumentNode | None
    wrong: Sequence[GraphQLError] | None
    tokens: int
    dear: bool = False
    """Whether an answer to it took long, so that it is paid for however well it is known."""

    @property
    def weight(self) -> int:
        """How many bytes it takes, or a few more."""
        errors = sum(_ERROR_BYTES + sys.getsizeof(error.message) for error in self.wrong or ())
        # Names and strings are copies of their part of the text.
        return 2 * sys.getsizeof(self.text) + self.tokens * _TOKEN_BYTES + errors


class _Shelf:
    """Documents by their text, as many as there is room for; what was asked for longest ago goes first."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, tuple[Document, int]] = OrderedDict()
        self.bytes = 0

    def get(self, text: str) -> Document | None:
        found = self._documents.get(text)
        if found is None:
            return None
        self._documents.move_to_end(text)
        return found[0]

    def put(self, document: Document) -> None:
        self.take(document.text)
        self._documents[document.text] = (document, document.weight)
        self.bytes += document.weight
        while self.bytes > _SHELF_BYTES:
            self.take(next(iter(self._documents)))

    def take(self, text: str) -> Document | None:
        document, weight = self._documents.pop(text, (None, 0))
        self.bytes -= weight
        return document


@final
class Documents:
    """What this process knows of the texts that it was sent.

    What was asked for once lies on one shelf and what was asked for again on another, so that nobody who sends ten
    thousand different texts makes it forget those of our pages.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._new, self._known = _Shelf(), _Shelf()
        self._effort = Effort(settings.max_cpu_seconds_per_minute)
        self._of_users, self._of_networks = FairTurns(_QUERIES_OF_A_USER), FairTurns(_QUERIES_OF_A_NETWORK)

    @property
    def bytes(self) -> int:
        """About how much all of them take."""
        return self._new.bytes + self._known.bytes

    async def afford(self, text: str, network: str, user: str | None) -> None:
        """Let an operation in: a known text of anybody whose user has time left, a new or a dear one in its turn.

        :raises RateLimited: where the user has none left, or the network (for a new text, and a stranger's dear one)
        """
        again = self._new.take(text)
        if again is not None:
            self._known.put(again)
        known = self._known.get(text)
        if known is None or known.dear:
            await self._effort.turn()
        pays = known is None or (known.dear and user is None)
        payers = [payer for payer in (user, network if pays else None) if payer is not None]
        wait = max(map(self._effort.wait, payers), default=0)
        if wait:
            raise RateLimited(retry_after_seconds=ceil(wait))

    @asynccontextmanager
    async def turn(self, network: str, user: str | None) -> AsyncIterator[None]:
        """Wait until it is the turn of what asks the database; it lasts as long as the block."""
        async with AsyncExitStack() as turns:
            if user is not None:
                await turns.enter_async_context(self._of_users.turn(user))
            await turns.enter_async_context(self._of_networks.turn(network))
            yield

    def spend(self, document: Document, seconds: float, network: str, user: str | None) -> None:
        """Take what an answer to a document uses: from the user, or where there is none, from the network."""
        document.dear = document.dear or seconds > _DEAR_SECONDS
        self._effort.take(user or network, seconds)

    def read(self, text: str, network: str, user: str | None) -> Document:
        """Return a text parsed, or with the error of its syntax."""
        found = self._known.get(text) or self._new.get(text)
        if found is not None:
            return found
        with self._paid(network, user):
            document = _parsed(text, self._settings.max_tokens)
            self._new.put(document)
        return document

    def wrong(self, core: GraphQLSchema, document: Document, network: str, user: str | None) -> Sequence[GraphQLError]:
        """Return what is wrong with a document that was read."""
        if document.wrong is None and document.node is not None:
            with self._paid(network, user):
                document.wrong = _validated(core, document.node, hide_suggestions=not self._settings.suggestions)
                shelf = self._known if self._known.take(document.text) else self._new
                shelf.put(document)  # It is heavier now.
        return document.wrong or ()

    @contextmanager
    def _paid(self, network: str, user: str | None) -> Iterator[None]:
        """Measure what is done without a pause; what is new is paid for by both."""
        began = thread_time()
        try:
            yield
        finally:
            for payer in {network, user or network}:
                self._effort.take(payer, thread_time() - began)


def _parsed(text: str, max_tokens: int) -> Document:
    try:
        node = parse(text, max_tokens=max_tokens)
    except GraphQLError as error:
        error.__traceback__ = None  # It holds the parser with all its tokens.
        if error.message.endswith("Parsing aborted."):  # The parser has no other sign that it was this.
            error.extensions = {"code": LIMIT_EXCEEDED}
        return Document(text, None, [error], 0)
    return Document(text, node, None, _unchained(node))


def _unchained(node: DocumentNode) -> int:
    """Count the tokens, and cut the chain that goes back through them.

    Nobody walks it, and with it each document would be a circle that only the garbage collector can free, which has
    better things to do while thousands of sockets wait.
    """
    count, token = 0, node.loc.start_token if node.loc else None
    while token is not None:
        token.prev = None
        count, token = count + 1, token.next
    return count


def _validated(core: GraphQLSchema, node: DocumentNode, *, hide_suggestions: bool) -> Sequence[GraphQLError]:
    found = validate(core, node, _RULES, MAX_ERRORS, hide_suggestions)
    for error in found:
        error.__traceback__ = None
        if error.message == "Validation aborted.":  # The other end is that of too many errors, and says so.
            error.message = "This operation selects fields of one name too often, or its fragments lie too deep."
            error.extensions = {"code": LIMIT_EXCEEDED}
    return found
