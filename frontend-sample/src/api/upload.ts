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

export type Options = VariablesOf<typeof UploadVideo>["options"];

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
