"""Users and sessions as clients see them."""

from datetime import datetime

import strawberry

from app.domain import session, user
from app.domain.session import Scope, Viewer
from app.domain.user import UserId
from app.graphql.context import Info
from app.graphql.enums import Locale
from app.graphql.node import Node
from app.graphql.notifications import NotificationSettings
from app.graphql.presets import Preset
from app.graphql.scalars import BigInt
from app.graphql.shown import ABSOLUTE, shown
from app.usecases import sessions


@strawberry.type(description="Who uploads.")
class User(Node):
    """As ``app.domain.user.User``, without what is nobody's business."""

    seen: strawberry.Private[user.User]
    id: strawberry.ID = strawberry.field(description="A UUID; says nothing of how many there are.")
    name: str = strawberry.field(description="How the user is addressed.")
    email: str = strawberry.field(description="The address, in the one form under which it is unique.")
    locale: Locale = strawberry.field(description="The language of mails.")
    email_verified: bool = strawberry.field(
        description="Whether the address is known to be the user's; until then nothing is sent to it or to a webhook."
    )
    created_at: datetime = strawberry.field(description="When the account was made.")
    notifications: NotificationSettings = strawberry.field(description="What the user is told of, and where.")

    @strawberry.field(
        description="The address that was asked for by changeEmail and whose link was not used yet; null where there "
        "is none."
    )
    async def pending_email(self, info: Info) -> str | None:
        return await info.context.do.change_email.pending(UserId(self.id))

    @strawberry.field(
        description="Bytes of the user's files and ZIPs, uploads under way included; a file that was processed several "
        "times counts once."
    )
    async def stored_bytes(self, info: Info) -> BigInt:
        return BigInt(await info.context.do.stored_bytes.of(UserId(self.id)))

    @strawberry.field(description="How many storedBytes the user may have; null for no limit.")
    def max_stored_bytes(self, info: Info) -> BigInt | None:
        most = info.context.do.stored_bytes.most(self.seen)
        return None if most is None else BigInt(most)

    @strawberry.field(
        description="Whether there are videos from before the address was last proven to be the user's, by a link of a "
        "mail: somebody else may have sent them. removeVideosFromBefore deletes them."
    )
    async def has_videos_from_before(self, info: Info) -> bool:
        return await info.context.do.email_verification.has_videos_from_before(UserId(self.id))

    @strawberry.field(description="Options that the user keeps under names, by those.")
    async def presets(self, info: Info) -> list[Preset]:
        viewer = info.context.allowed(Scope.READ)
        return [Preset.of(one) for one in await info.context.do.presets.list(viewer)]

    @classmethod
    def of(cls, found: user.User) -> "User":
        return shown(cls, found, seen=found, email_verified=found.email_verified_at is not None, notifications=found)


@strawberry.type(description="Word that an address was verified.")
class EmailVerified:
    """The address."""

    email: str = strawberry.field(description="Which one.")


@strawberry.type(
    description="A session: send the token as 'Authorization: Bearer ...' or as connectionParams.authorization."
)
class Session:
    """As ``app.usecases.sessions.Session``."""

    access_token: str = strawberry.field(description="A signed JWT.")
    token_type: str = strawberry.field(description="Always Bearer.")
    expires_at: datetime = strawberry.field(description="When the token expires.")
    refresh_token: str = strawberry.field(
        description="What refreshSession takes, once; keep it where no script of another can read it."
    )
    user: User = strawberry.field(description="Whose session it is.")

    @classmethod
    def of(cls, opened: sessions.Session) -> "Session":
        return cls(
            access_token=opened.token.text,
            token_type="Bearer",  # noqa: S106 - the name of a scheme, no secret
            expires_at=opened.token.expires_at,
            refresh_token=opened.refresh_token,
            user=User.of(opened.user),
        )


@strawberry.type(description="A session that goes on: a sign-in, and all that follows from it.")
class ActiveSession:
    """As ``app.domain.session.StoredSession``, without what is nobody's business."""

    id: strawberry.ID = strawberry.field(description="What endSession takes.")
    current: bool = strawberry.field(description="Whether it is the one that asks.")
    agent: str | None = strawberry.field(
        description="What the program called itself that signed in (User-Agent); null where that is not known."
    )
    began_at: datetime | None = strawberry.field(description="When somebody signed in; null where that is not known.")
    refreshed_at: datetime | None = strawberry.field(description="When it was refreshed last; null where it never was.")
    expires_at: datetime = strawberry.field(description="When it ends, unless it is refreshed before.")

    @classmethod
    def of(cls, found: session.StoredSession, viewer: Viewer) -> "ActiveSession":
        return shown(cls, found, current=found.id == viewer.session, refreshed_at=found.rotated_at)


@strawberry.type(
    description="All that is kept of the viewer: profile, sessions, keys, presets, batches, processings and "
    "notifications, in JSON."
)
class DataExport:
    """As ``app.usecases.data_export.DataExport``, with a link."""

    download_url: str = strawberry.field(description=f"Authorises itself and is short-lived. {ABSOLUTE}")
    size_bytes: BigInt = strawberry.field(description="How large the file is.")
    expires_at: datetime = strawberry.field(description="When the link expires; the file is removed after a day.")
