// The upload: one file by the GraphQL multipart request specification, which urql writes; what fetch cannot do is to tell
// how much was sent, so an XMLHttpRequest takes its place. Uploads straight to the storage would come in here.

import { client, problemOf } from "./client.ts";
import { graphql, problemFields, type Problem, type VariablesOf } from "./graphql.ts";
import { videoFields, type Video } from "./video.ts";

const UploadVideo = graphql(
  `
    mutation UploadVideo($file: Upload!, $options: ExtractionOptionsInput, $idempotencyKey: String) {
      uploadVideo(file: $file, options: $options, idempotencyKey: $idempotencyKey) {
        __typename
        ...VideoFields
        ...ProblemFields
      }
    }
  `,
  [videoFields, problemFields],
);

const UploadRefusal = graphql(
  `
    query UploadRefusal(
      $name: String!
      $size: BigInt!
      $firstBytes: Base64!
      $options: ExtractionOptionsInput
      $idempotencyKey: String
    ) {
      uploadRefusal(
        fileName: $name
        sizeBytes: $size
        firstBytes: $firstBytes
        options: $options
        idempotencyKey: $idempotencyKey
      ) {
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);
/** By so many the service tells what a file is. */
const FIRST_BYTES = 1024;

export type Options = VariablesOf<typeof UploadVideo>["options"];

/**
 * Ask whether a file would be refused: a small question, since an answer in the midst of a body reaches no browser.
 *
 * @param key the one that the file is to be sent with
 * @returns why, or why that cannot be known; null where nothing speaks against it
 * @throws what `signal` was aborted with
 */
export async function refusalOf(file: File, options: Options, key: string, signal: AbortSignal): Promise<Problem | null> {
  let head: ArrayBuffer;
  try {
    head = await file.slice(0, FIRST_BYTES).arrayBuffer();
  } catch {
    return { code: "UNREADABLE" };
  }
  const firstBytes = btoa(String.fromCharCode(...new Uint8Array(head)));
  const asked = { name: file.name, size: file.size, firstBytes, options, idempotencyKey: key };
  const { data, error } = await client.query(UploadRefusal, asked, { requestPolicy: "network-only" }).toPromise();
  signal.throwIfAborted();
  return data ? data.uploadRefusal : problemOf(error!);
}

/**
 * Send a file.
 *
 * @param key the same for every try with the same file: a try whose answer was lost makes no second video
 * @param onSent bytes of the file that are on their way
 * @throws what `signal` was aborted with
 */
export async function upload(
  file: File,
  options: Options,
  key: string,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Video | Problem> {
  const sent = (bytes: number): void => onSent(Math.min(bytes, file.size));
  const { data, error } = await client
    .mutation(UploadVideo, { file, options, idempotencyKey: key }, { fetch: fetchWithProgress(sent, signal) })
    .toPromise();
  signal.throwIfAborted();
  return data?.uploadVideo ?? problemOf(error!);
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
