"""A message to a webhook, signed with a key of its own."""

import json

from app.domain.webhook import WebhookMessage, new_secret

SECRET = new_secret()
BODY = json.dumps({"type": "video.failed", "data": {"originalFileName": "férias 🎞.mp4"}}, ensure_ascii=False)


def message(url: str, *secrets: str) -> WebhookMessage:
    return WebhookMessage("0c0c7a5e-0f6c-5f0c-9a51-7f3a2c1d9e10", url, secrets or (SECRET,), BODY)
