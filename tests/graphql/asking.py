"""Operations that several stories ask, as a page asks them."""

import json
from typing import Any

import httpx

from tests.parts.site import MP4, Person, Site

UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"
PROBLEM = "... on Problem { code message field retryAfterSeconds }"
VIDEO = """id originalFileName sizeBytes status version
  options { select { framesPerSecond everySeconds everyNthFrame count timestamps keyframesOnly sceneChange }
            format quality maxWidth maxHeight startSeconds endSeconds }
  progress { percent framesExtracted framesExpected } failure { code reason retryable }
  media { width height codec durationSeconds framesPerSecond }
  result { frameCount sizeBytes downloadUrl contactSheetUrl expiresAt }
  history { status attempt at } createdAt startedAt completedAt"""
UPLOAD = f"""mutation($file: Upload!, $options: ExtractionOptionsInput, $key: String) {{
  uploadVideo(file: $file, options: $options, idempotencyKey: $key) {{ ... on VideoProcessing {{ {VIDEO} }} {PROBLEM} }}
}}"""


async def upload(person: Person, content: bytes = MP4, name: str = "a.mp4", **variables: Any) -> Any:
    operations = {"query": UPLOAD, "variables": {"file": None, **variables}}
    answer = await person.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": '{"0": ["variables.file"]}'},
        files={"0": (name, content)},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert "errors" not in body, body
    return body["data"]["uploadVideo"]


def stranger(site: Site, **headers: str) -> httpx.AsyncClient:
    return site.client(headers=headers)
