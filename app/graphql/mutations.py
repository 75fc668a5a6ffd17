"""What can be done."""

import strawberry

from app.graphql.account_mutations import AccountMutations
from app.graphql.notification_mutations import NotificationMutations
from app.graphql.session_mutations import SessionMutations
from app.graphql.video_mutations import VideoMutations


@strawberry.type(description="What can be done.")
class Mutation(SessionMutations, VideoMutations, AccountMutations, NotificationMutations):
    """The mutations."""
