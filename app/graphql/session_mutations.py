"""Signing in, staying signed in, and signing out."""

from typing import Annotated

import strawberry

from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import LoginInput, RegisterInput
from app.graphql.people import Session
from app.graphql.results import Deleted, DeletedResult, SessionResult


@strawberry.type
class SessionMutations:
    """A part of ``Mutation``."""

    @mutation(once=True, description="Make an account and sign it in.")
    async def register(
        self, info: Info, input: Annotated[RegisterInput, strawberry.argument(description="The new account.")]
    ) -> SessionResult:
        context, locale = info.context, input.locale or info.context.locale
        return Session.of(
            await context.do.register_user(
                input.name, input.email, input.password, locale, context.address, context.agent
            )
        )

    @mutation(once=True, description="Sign in.")
    async def login(
        self, info: Info, input: Annotated[LoginInput, strawberry.argument(description="Who signs in.")]
    ) -> SessionResult:
        context = info.context
        return Session.of(
            await context.do.authenticate_user(input.email, input.password, context.address, context.agent)
        )

    @mutation(
        once=True,
        description="Get the next access token, and the next refresh token with it. The one that was used is good for "
        "half a minute more, so that an answer that was lost can be asked for again; used later, it ends the session.",
    )
    async def refresh_session(
        self,
        info: Info,
        refresh_token: Annotated[str, strawberry.argument(description="What the session's last answer gave.")],
    ) -> SessionResult:
        return Session.of(await info.context.do.sessions.refresh(refresh_token))

    @mutation(
        once=False,
        description="End one of the viewer's sessions, this one or another: its tokens, and what is watched with them.",
    )
    async def end_session(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The session's id.")]
    ) -> DeletedResult:
        await info.context.do.sessions.end_one(info.context.viewer, id)
        return Deleted(id=id)

    @mutation(once=False, description="End this session: its tokens, and what is watched with them.")
    async def logout(self, info: Info) -> bool:
        await info.context.do.sessions.end(info.context.viewer)
        return True
