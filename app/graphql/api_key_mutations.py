"""Keys for programs: made and revoked."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.domain.api_key import MOST_KEYS
from app.graphql.api_keys import NewApiKey
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.enums import Scope
from app.graphql.results import Deleted, DeletedResult, NewApiKeyResult


@strawberry.type
class ApiKeyMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=True,
        description="Make a key with which a program asks in the viewer's name; no key can make one. Its owner is told "
        f"by mail. There may be {MOST_KEYS} of one user.",
    )
    async def create_api_key(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="What it is for: 1 to 100 characters.")],
        scopes: Annotated[list[Scope], strawberry.argument(description="What it may do; at least one of them.")],
        expires_at: Annotated[
            datetime | None, strawberry.argument(description="When it is to stop; never, where it is left out.")
        ] = None,
    ) -> NewApiKeyResult:
        return NewApiKey.of(await info.context.do.api_keys.create(info.context.viewer, name, scopes, expires_at))

    @mutation(once=False, description="End a key at once, with all that is watched by it.")
    async def revoke_api_key(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The key's id.")]
    ) -> DeletedResult:
        await info.context.do.api_keys.revoke(info.context.viewer, id)
        return Deleted(id=id)
