"""What users can do with what they are told."""

from typing import Annotated

import strawberry

from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import NotificationSettingsInput
from app.graphql.notifications import NotificationDelivery, NotificationSettings, WebhookSecret
from app.graphql.results import NotificationDeliveryResult, NotificationSettingsResult, WebhookSecretResult
from app.graphql.shown import shown
from app.usecases.notifications import ChangedSettings


@strawberry.type
class NotificationMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=False,
        description="Change what the viewer is told of. Setting a webhook's URL answers with its secret; the URL that "
        "is set already changes nothing.",
    )
    async def update_notification_settings(
        self,
        info: Info,
        input: Annotated[NotificationSettingsInput, strawberry.argument(description="What is to change.")],
    ) -> NotificationSettingsResult:
        changed = await info.context.do.notifications.update_settings(info.context.viewer, input.to_change())
        return shown(NotificationSettings, changed.user) if changed.secret is None else _secret(changed)

    @mutation(once=False, description="Give the webhook a new key. The old key stays valid for a day.")
    async def rotate_webhook_secret(self, info: Info) -> WebhookSecretResult:
        return _secret(await info.context.do.notifications.rotate_webhook_secret(info.context.viewer))

    @mutation(
        once=False,
        description="Post a webhook.test to the viewer's webhook. It is PENDING here; notificationDeliveries tells.",
    )
    async def send_test_webhook(self, info: Info) -> NotificationDeliveryResult:
        return NotificationDelivery.of(await info.context.do.notifications.send_test(info.context.viewer))

    @mutation(once=False, description="Deliver a notification again, under the same id, however it stands.")
    async def redeliver_notification(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The notification's id.")]
    ) -> NotificationDeliveryResult:
        return NotificationDelivery.of(await info.context.do.notifications.redeliver(info.context.viewer, id))


def _secret(changed: ChangedSettings) -> WebhookSecret:
    return WebhookSecret(secret=changed.secret or "", settings=shown(NotificationSettings, changed.user))
