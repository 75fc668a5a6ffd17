"""What users can do with their accounts."""

import strawberry


@strawberry.type
class AccountMutations:
    """A part of ``Mutation``."""
