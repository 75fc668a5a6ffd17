"""Signing in and out."""

from typing import Annotated

import strawberry

from app.graphql.context import Info
from app.graphql.inputs import LoginInput, RegisterInput
from app.graphql.people import Session
from app.graphql.results import SessionResult


@strawberry.type
class SessionMutations:
    """A part of ``Mutation``."""

    @strawberry.mutation(description="Make an account and sign it in.")
    async def register(
        self, info: Info, input: Annotated[RegisterInput, strawberry.argument(description="The new account.")]
    ) -> SessionResult:
        """Register."""
        locale = input.locale.to_domain() if input.locale else info.context.locale
        return Session.of(await info.context.do.register_user(input.name, input.email, input.password, locale))

    @strawberry.mutation(description="Sign in.")
    async def login(
        self, info: Info, input: Annotated[LoginInput, strawberry.argument(description="Who signs in.")]
    ) -> SessionResult:
        """Authenticate."""
        return Session.of(await info.context.do.authenticate_user(input.email, input.password))
