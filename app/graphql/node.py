"""What clients that keep a cache find again by its id alone (Relay's Global Object Identification)."""

import strawberry


@strawberry.interface(
    description="What node finds again by its id alone (https://relay.dev/graphql/objectidentification.htm)."
)
class Node:
    """Of a type whose ids no other type that has this has too: of the same id, it is the same thing."""

    id: strawberry.ID = strawberry.field(description="A UUID that no other node has.")
