"""What is asked, in GraphQL. Each document has one field, and asks of a Problem what ``Refused`` says."""

from typing import Final

_PROBLEM: Final = "... on Problem { code message field retryAfterSeconds }"
_SESSION: Final = f"{{ ... on Session {{ accessToken refreshToken }} {_PROBLEM} }}"
_STAGED: Final = f"{{ ... on StagedUpload {{ id partSizeBytes urlsExpireAt parts {{ number done url }} }} {_PROBLEM} }}"
_DELETED: Final = f"{{ ... on Deleted {{ id }} {_PROBLEM} }}"
_OF_IMPORTS: Final = """id url fileName status version fetchedBytes totalBytes createdAt endedAt
  failure { code reason retryable }"""
_IMPORT: Final = f"{{ ... on VideoImport {{ {_OF_IMPORTS} }} {_PROBLEM} }}"
_KEY: Final = "id name scopes ending createdAt expiresAt lastUsedAt"

_STATE: Final = """id originalFileName sizeBytes status version progress { percent framesExtracted framesExpected }
  failure { code reason retryable } createdAt completedAt expiresAt"""
_LINKS: Final = "result { frameCount sizeBytes downloadUrl contactSheetUrl expiresAt }"
# A key that may send or delete, but not read, is told no links; so what changes something asks for none.
_CHANGED: Final = f"{{ ... on VideoProcessing {{ {_STATE} }} {_PROBLEM} }}"

LOGIN: Final = f"mutation Login($input: LoginInput!) {{ login(input: $input) {_SESSION} }}"
RENEW: Final = (
    f"mutation RefreshSession($refreshToken: String!) {{ refreshSession(refreshToken: $refreshToken) {_SESSION} }}"
)
LOGOUT: Final = "mutation Logout { logout }"

LIMITS: Final = "query ServiceLimits { serviceLimits { acceptedExtensions } }"
CREATE: Final = f"mutation CreateUpload($input: CreateUploadInput!) {{ createUpload(input: $input) {_STAGED} }}"
REFRESH: Final = f"mutation RefreshUpload($id: ID!) {{ refreshUpload(id: $id) {_STAGED} }}"
COMPLETE: Final = f"mutation CompleteUpload($id: ID!) {{ completeUpload(id: $id) {_CHANGED} }}"
REFUSAL: Final = f"""query UploadRefusal(
  $fileName: String!, $sizeBytes: BigInt!, $firstBytes: Base64,
  $options: ExtractionOptionsInput, $idempotencyKey: String
) {{
  uploadRefusal(
    fileName: $fileName, sizeBytes: $sizeBytes, firstBytes: $firstBytes,
    options: $options, idempotencyKey: $idempotencyKey
  ) {{ {_PROBLEM} }}
}}"""
WHOLE: Final = f"""mutation UploadVideo($file: Upload!, $options: ExtractionOptionsInput, $idempotencyKey: String) {{
  uploadVideo(file: $file, options: $options, idempotencyKey: $idempotencyKey) {_CHANGED}
}}"""
# A service that knows no batches yet takes the one above.
WHOLE_IN_BATCH: Final = f"""mutation UploadVideo(
  $file: Upload!, $options: ExtractionOptionsInput, $idempotencyKey: String, $batchId: ID
) {{
  uploadVideo(file: $file, options: $options, idempotencyKey: $idempotencyKey, batchId: $batchId) {_CHANGED}
}}"""
ABORT: Final = f"mutation AbortUpload($id: ID!) {{ abortUpload(id: $id) {_DELETED} }}"

IMPORT: Final = f"mutation ImportVideo($input: ImportVideoInput!) {{ importVideo(input: $input) {_IMPORT} }}"
IMPORTED: Final = f"query VideoImport($id: ID!) {{ videoImport(id: $id) {_IMPORT} }}"
IMPORTS: Final = f"query VideoImports {{ videoImports {{ {_OF_IMPORTS} }} }}"
WATCH_IMPORT: Final = f"subscription ImportStatus($id: ID!) {{ importStatus(id: $id) {_IMPORT} }}"
CANCEL_IMPORT: Final = f"mutation CancelImport($id: ID!) {{ cancelImport(id: $id) {_IMPORT} }}"

VIDEOS: Final = f"""query Videos($after: String, $status: [ProcessingStatus!]) {{
  videos(first: 50, after: $after, status: $status) {{
    edges {{ node {{ {_STATE} {_LINKS} }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
VIDEO: Final = f"""query Video($id: ID!) {{
  video(id: $id) {{ ... on VideoProcessing {{ {_STATE} {_LINKS} }} {_PROBLEM} }}
}}"""
WATCH: Final = f"""subscription VideoStatus($id: ID!) {{
  videoStatus(id: $id) {{
    __typename ... on VideoProcessing {{ {_STATE} {_LINKS} }} ... on Deleted {{ id }} {_PROBLEM}
  }}
}}"""
CANCEL: Final = f"mutation CancelVideo($id: ID!) {{ cancelVideo(id: $id) {_CHANGED} }}"
DELETE: Final = f"mutation DeleteVideo($id: ID!) {{ deleteVideo(id: $id) {_DELETED} }}"
REPROCESS: Final = f"""mutation ReprocessVideo($id: ID!, $options: ExtractionOptionsInput) {{
  reprocessVideo(id: $id, options: $options) {_CHANGED}
}}"""

_OF_BATCHES: Final = "id name status percent createdAt counts { pending processing completed failed }"
_BATCH: Final = f"{{ ... on Batch {{ {_OF_BATCHES} }} {_PROBLEM} }}"
CREATE_BATCH: Final = f"mutation CreateBatch($input: CreateBatchInput!) {{ createBatch(input: $input) {_BATCH} }}"
BATCH: Final = f"query Batch($id: ID!) {{ batch(id: $id) {_BATCH} }}"
BATCHES: Final = f"""query Batches($after: String) {{
  batches(first: 50, after: $after) {{
    edges {{ node {{ {_OF_BATCHES} }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
CANCEL_BATCH: Final = f"mutation CancelBatch($id: ID!) {{ cancelBatch(id: $id) {_BATCH} }}"
DELETE_BATCH: Final = f"mutation DeleteBatch($id: ID!) {{ deleteBatch(id: $id) {_DELETED} }}"

KEYS: Final = f"query ApiKeys {{ apiKeys {{ {_KEY} }} }}"
CREATE_KEY: Final = f"""mutation CreateApiKey($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {{
  createApiKey(name: $name, scopes: $scopes, expiresAt: $expiresAt) {{
    ... on NewApiKey {{ secret key {{ {_KEY} }} }} {_PROBLEM}
  }}
}}"""
REVOKE_KEY: Final = f"mutation RevokeApiKey($id: ID!) {{ revokeApiKey(id: $id) {_DELETED} }}"
