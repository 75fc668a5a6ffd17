"""What users can do with their accounts."""

from typing import Annotated

import strawberry

from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import ChangeEmailInput, ProfileInput
from app.graphql.people import DataExport, EmailVerified, Session, User
from app.graphql.results import (
    DataExportResult,
    Deleted,
    DeletedResult,
    EmailVerificationResult,
    SessionResult,
    UserResult,
)
from app.graphql.shown import shown

_Token = Annotated[str, strawberry.argument(description="What follows token= in the link; good once.")]
_New = Annotated[str, strawberry.argument(description="12 to 128 characters, and none that everybody tries first.")]


@strawberry.type
class AccountMutations:
    """A part of ``Mutation``."""

    @mutation(once=False, description="Change the viewer's name or language.")
    async def update_profile(
        self, info: Info, input: Annotated[ProfileInput, strawberry.argument(description="What is to change.")]
    ) -> UserResult:
        return User.of(await info.context.do.account.update(info.context.viewer, input.name, input.locale))

    @mutation(
        once=True,
        description="Set a new password and end every other session; this one goes on with the tokens of the answer. "
        "Keys for programs stay.",
    )
    async def change_password(
        self,
        info: Info,
        current: Annotated[str, strawberry.argument(description="The password until now.")],
        new: _New,
    ) -> SessionResult:
        context = info.context
        return Session.of(await context.do.passwords.change(context.viewer, current, new, context.agent))

    @mutation(
        once=True,
        description="Ask for another address. Where addresses are verified it counts once the link that is mailed "
        "there was used (verifyEmail), and is pendingEmail until then; else at once. The former one is told by mail.",
    )
    async def change_email(
        self,
        info: Info,
        input: Annotated[ChangeEmailInput, strawberry.argument(description="Which one, and the password.")],
    ) -> UserResult:
        return User.of(await info.context.do.change_email(info.context.viewer, input.email, input.password))

    @mutation(
        once=True,
        description="Ask for a link to choose a new password. Always true, whether the address is known or not; the "
        "mail tells.",
    )
    async def request_password_reset(
        self, info: Info, email: Annotated[str, strawberry.argument(description="The account's address.")]
    ) -> bool:
        await info.context.do.passwords.request_reset(email, info.context.address)
        return True

    @mutation(
        once=True,
        description="Set a new password by the link of a mail, end all sessions, revoke all keys, and sign in.",
    )
    async def reset_password(self, info: Info, token: _Token, new: _New) -> SessionResult:
        context = info.context
        return Session.of(await context.do.passwords.reset(token, new, context.address, context.agent))

    @mutation(
        once=True,
        description="Verify an address by the link of a mail, the account's or the one that it is to have. Needs no "
        "session: a mail may be read on another device.",
    )
    async def verify_email(self, info: Info, token: _Token) -> EmailVerificationResult:
        return EmailVerified(email=(await info.context.do.email_verification.verify(token)).email)

    @mutation(
        once=True,
        description="Mail the link that verifies the viewer's address once more; where it is verified, nothing is "
        "sent.",
    )
    async def resend_verification(self, info: Info) -> UserResult:
        return User.of(await info.context.do.email_verification.resend(info.context.viewer))

    @mutation(
        once=True,
        description="Delete all videos from before the viewer's address was last proven to be theirs; says how many.",
    )
    async def remove_videos_from_before(self, info: Info) -> int:
        return await info.context.do.email_verification.remove_videos_from_before(info.context.viewer)

    @mutation(
        once=True,
        description="Write all that is kept of the viewer (profile, sessions, keys, presets, batches, processings, "
        "notifications) into a JSON file.",
    )
    async def export_my_data(self, info: Info) -> DataExportResult:
        services = info.context.services
        export = await services.do.account.export(info.context.viewer)
        url, expires_at = services.links.link(
            export.key, file_name=export.file_name, content_type="application/json", now=services.clock.now()
        )
        return shown(DataExport, export, download_url=url, expires_at=expires_at)

    @mutation(
        once=True,
        description="Remove the viewer, all their processings and all their stored files. All sessions end, this one "
        "too.",
    )
    async def delete_account(
        self, info: Info, password: Annotated[str, strawberry.argument(description="The account's password.")]
    ) -> DeletedResult:
        viewer = info.context.viewer
        await info.context.do.account.delete(viewer, password)
        return Deleted(id=strawberry.ID(viewer.id))
