// The upload: one file by the GraphQL multipart request specification, which urql writes; what fetch cannot do is to tell
// how much was sent, so an XMLHttpRequest takes its place. Large files go by staged.ts, where the service offers it.

import { graphql, type Options, type Problem, problemFields } from "../api/graphql.ts";
import type { Outcome } from "../api/problem.ts";
import { type Video, videoFields } from "../api/video.ts";
import type { Ask } from "./client.ts";

const UploadVideo = graphql(
  `mutation UploadVideo($file: Upload!, $options: ExtractionOptionsInput, $idempotencyKey: String) {
    uploadVideo(file: $file, options: $options, idempotencyKey: $idempotencyKey) { __typename ...VideoFields ...ProblemFields }
  }`,
  [videoFields, problemFields],
);

const UploadRefusal = graphql(
  `query UploadRefusal(
    $fileName: String!, $sizeBytes: BigInt!, $firstBytes: Base64!, $options: ExtractionOptionsInput, $idempotencyKey: String
  ) {
    uploadRefusal(
      fileName: $fileName, sizeBytes: $sizeBytes, firstBytes: $firstBytes, options: $options, idempotencyKey: $idempotencyKey
    ) { ...ProblemFields }
  }`,
  [problemFields],
);
/** By so many the service tells what a file is. */
const FIRST_BYTES = 1024;

/** A file as it is to be sent. The key is the same for every try: one whose answer was lost makes no second video. */
export interface Sendable {
  readonly key: string;
  readonly file: File;
  readonly options: Options;
}

/**
 * Ask whether a file would be refused: a small question, since an answer in the midst of a body reaches no browser.
 *
 * @returns why, or why that cannot be known; null where nothing speaks against it
 * @throws what `signal` was aborted with
 */
export async function refusalOf(ask: Ask, { key, file, options }: Sendable, signal: AbortSignal): Promise<Problem | null> {
  const head = await file.slice(0, FIRST_BYTES).arrayBuffer().catch(() => null);
  if (!head) return { code: "UNREADABLE" };
  const firstBytes = btoa(String.fromCharCode(...new Uint8Array(head)));
  const asked = { fileName: file.name, sizeBytes: file.size, firstBytes, options, idempotencyKey: key };
  const { answer, problem } = await ask(UploadRefusal, asked);
  signal.throwIfAborted();
  return problem ?? answer;
}

/**
 * Send a file.
 *
 * @param onSent bytes of the file that are on their way
 * @throws what `signal` was aborted with
 */
export async function upload(
  ask: Ask,
  { key, file, options }: Sendable,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Outcome<Video>> {
  const sent = (bytes: number): void => onSent(Math.min(bytes, file.size));
  const outcome = await ask(UploadVideo, { file, options, idempotencyKey: key }, { fetch: fetchWithProgress(sent, signal) });
  signal.throwIfAborted();
  return outcome;
}

/** A `fetch` for one request that tells how many bytes of its body are on their way. */
function fetchWithProgress(onSent: (bytes: number) => void, signal: AbortSignal): typeof fetch {
  return (url, init) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(init?.method ?? "GET", String(url));
      new Headers(init?.headers).forEach((value, name) => request.setRequestHeader(name, value));
      request.upload.onprogress = (event) => onSent(event.loaded);
      request.onload = () => {
        const type = request.getResponseHeader("Content-Type") ?? "";
        resolve(new Response(request.responseText, { status: request.status, headers: { "Content-Type": type } }));
      };
      request.onerror = () => reject(new TypeError("The connection was lost."));
      request.onabort = () => reject(signal.reason);
      if (signal.aborted) reject(signal.reason);
      else request.send(init?.body as XMLHttpRequestBodyInit);
      signal.addEventListener("abort", () => request.abort());
    });
}

/** `crypto.randomUUID` is there in secure contexts only, and a laptop in the same network is none. */
export function uniqueKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
