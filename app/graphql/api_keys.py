"""Keys for programs as their owner sees them."""

from datetime import datetime

import strawberry

from app.domain import api_key
from app.graphql.enums import Scope
from app.graphql.shown import shown
from app.usecases import api_keys


@strawberry.type(description="A key for programs. What opens anything of it was shown once, when it was made.")
class ApiKey:
    """As ``app.domain.api_key.ApiKey``, without what is nobody's business."""

    id: strawberry.ID = strawberry.field(description="What revokeApiKey takes; it opens nothing.")
    name: str = strawberry.field(description="What it is for, in its owner's words.")
    scopes: list[Scope] = strawberry.field(description="What it may do.")
    ending: str = strawberry.field(description="The key's last characters, to know one again that was found somewhere.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(
        description="When it stops, or has stopped; null where it does not by itself."
    )
    last_used_at: datetime | None = strawberry.field(
        description="When it was used last, to a minute; null where it never was."
    )

    @classmethod
    def of(cls, found: api_key.ApiKey) -> "ApiKey":
        return shown(cls, found, scopes=sorted(found.scopes))


@strawberry.type(description="A new key, shown this once.")
class NewApiKey:
    """As ``app.usecases.api_keys.NewApiKey``."""

    secret: str = strawberry.field(
        description="The key itself: send it as 'Authorization: Bearer ...', or as connectionParams.authorization."
    )
    key: ApiKey = strawberry.field(description="What can be seen of it later.")

    @classmethod
    def of(cls, new: api_keys.NewApiKey) -> "NewApiKey":
        return cls(secret=new.secret, key=ApiKey.of(new.key))
