"""A user's own data, to take away."""

from datetime import datetime

import strawberry

from app.graphql.scalars import BigInt


@strawberry.type(description="All that is kept of the viewer: profile, processings and notifications, as a JSON file.")
class DataExport:
    """As ``app.usecases.export_my_data.DataExport``, with a link."""

    download_url: str = strawberry.field(description="Authorises itself and is short-lived.")
    size_bytes: BigInt = strawberry.field(description="How large the file is.")
    expires_at: datetime = strawberry.field(description="When the link expires; the file is removed after a day.")
