// All that the service does for programs and pages.

import { Connection, PROBLEM, valueIn } from "./connection.ts";
import { Download, type DownloadSettings, type Sink } from "./download.ts";
import type { NewUpload, Service, StagedUpload } from "./service.ts";
import { Upload, type UploadSettings } from "./upload.ts";
import { ASK, CHANGED, type Status, VIDEO, type Video, watch } from "./video.ts";

interface Page {
  readonly edges: readonly { readonly node: Video }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

interface Stoppable {
  readonly signal?: AbortSignal;
}

const STAGED = `{ ... on StagedUpload { id partSizeBytes urlsExpireAt expiresAt parts { number done url } } ${PROBLEM} }`;
const DELETED = `{ ... on Deleted { id } ${PROBLEM} }`;
const CREATE = `mutation CreateUpload($input: CreateUploadInput!) { createUpload(input: $input) ${STAGED} }`;
const REFRESH = `mutation RefreshUpload($id: ID!) { refreshUpload(id: $id) ${STAGED} }`;
const COMPLETE = `mutation CompleteUpload($id: ID!) { completeUpload(id: $id) ${CHANGED} }`;
const ABORT = `mutation AbortUpload($id: ID!) { abortUpload(id: $id) ${DELETED} }`;
const DELETE = `mutation DeleteVideo($id: ID!) { deleteVideo(id: $id) ${DELETED} }`;
const VIDEOS = `query Videos($after: String, $status: [ProcessingStatus!]) {
  videos(first: 50, after: $after, status: $status) { edges { node { ${VIDEO} } } pageInfo { hasNextPage endCursor } }
}`;
const NEVER = new AbortController().signal;

const REFUSAL = `query UploadRefusal(
  $fileName: String!, $sizeBytes: BigInt!, $firstBytes: Base64, $options: ExtractionOptionsInput, $idempotencyKey: String
) {
  uploadRefusal(
    fileName: $fileName, sizeBytes: $sizeBytes, firstBytes: $firstBytes, options: $options, idempotencyKey: $idempotencyKey
  ) { ${PROBLEM} }
}`;
const WHOLE = `mutation UploadVideo($file: Upload!, $options: ExtractionOptionsInput, $idempotencyKey: String) {
  uploadVideo(file: $file, options: $options, idempotencyKey: $idempotencyKey) ${CHANGED}
}`;

export class FiapX extends Connection implements Service<Video> {
  /** Begin to send a file, or go on where it was. */
  upload(file: Blob, settings?: UploadSettings): Upload<Video> {
    return new Upload(this, file, settings);
  }

  /** All videos, newest first; with `status` those in these states. */
  async *videos({ status }: { readonly status?: readonly Status[] } = {}): AsyncGenerator<Video, void> {
    for (let after: string | null = null, hasMore = true; hasMore; ) {
      const { edges, pageInfo }: Page = await this.ask(VIDEOS, { after, status });
      for (const { node } of edges) yield node;
      hasMore = pageInfo.hasNextPage && pageInfo.endCursor !== after;
      after = pageInfo.endCursor;
    }
  }

  /** A video as it is now. */
  video(id: string): Promise<Video> {
    return this.ask(ASK, { id });
  }

  /** How a video is now and at each change, until it is COMPLETED or FAILED, over every break of the line. */
  watch(id: string, { signal = NEVER }: Stoppable = {}): AsyncGenerator<Video, void> {
    return watch(this, id, signal);
  }

  /** A video once it is COMPLETED or FAILED. */
  async wait(id: string, settings?: Stoppable): Promise<Video> {
    let video!: Video;
    for await (video of this.watch(id, settings));
    return video;
  }

  /** Fetch the ZIP of a video; what it gives is the sink's. */
  download<Saved>(id: string, sink: Sink<Saved>, { onChange, signal = NEVER }: DownloadSettings = {}): Promise<Saved> {
    return new Download(this, `videos/${encodeURIComponent(id)}/download`, sink, onChange).run(signal);
  }

  /** Remove a video with its files. */
  delete(id: string): Promise<void> {
    return this.ask(DELETE, { id });
  }

  create = (input: NewUpload, signal?: AbortSignal): Promise<StagedUpload> => this.ask(CREATE, { input }, signal);
  refresh = (id: string, signal?: AbortSignal): Promise<StagedUpload> => this.ask(REFRESH, { id }, signal);
  complete = (id: string, signal?: AbortSignal): Promise<Video> => this.ask(COMPLETE, { id }, signal);
  abort = (id: string): Promise<void> => this.ask(ABORT, { id });

  /** By the GraphQL multipart request specification. */
  whole: NonNullable<Service<Video>["whole"]> = async (file, { fingerprint, ...upload }, idempotencyKey, onSent, signal) => {
    // A refusal in the midst of a body reaches few browsers.
    await this.ask(REFUSAL, { ...upload, idempotencyKey }, signal);
    const body = new FormData();
    const variables = { file: null, options: upload.options, idempotencyKey };
    body.append("operations", JSON.stringify({ query: WHOLE, variables }));
    body.append("map", '{"0":["variables.file"]}');
    body.append("0", file, upload.fileName);
    return valueIn(await this.open("graphql", { method: "POST", body, signal }, onSent), signal);
  };
}
