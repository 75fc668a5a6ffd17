// All that the service does for programs and pages.

import { type Access, Connection, PROBLEM } from "./connection.ts";
import { Download, type DownloadSettings, type Sink } from "./download.ts";
import type { NewUpload, Service, StagedUpload } from "./service.ts";
import { Upload, type UploadSettings } from "./upload.ts";
import { STATE, type Status, VIDEO, type Video } from "./video.ts";
import { ASK, watch } from "./watch.ts";

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
const COMPLETE = `mutation CompleteUpload($id: ID!) { completeUpload(id: $id) { ... on VideoProcessing { ${STATE} } ${PROBLEM} } }`;
const ABORT = `mutation AbortUpload($id: ID!) { abortUpload(id: $id) ${DELETED} }`;
const DELETE = `mutation DeleteVideo($id: ID!) { deleteVideo(id: $id) ${DELETED} }`;
const VIDEOS = `query Videos($after: String, $status: [ProcessingStatus!]) {
  videos(first: 50, after: $after, status: $status) { edges { node { ${VIDEO} } } pageInfo { hasNextPage endCursor } }
}`;
const NEVER = new AbortController().signal;

export class FiapX implements Service<Video> {
  readonly #service: Connection;

  constructor(readonly access: Access) {
    this.#service = new Connection(access);
  }

  /** Throws `Refused`, with `INVALID_CREDENTIALS` where the address or the password is wrong. */
  signIn(email: string, password: string): Promise<void> {
    return this.#service.signIn(email, password);
  }

  /** Begin to send a file, or go on where it was. */
  upload(file: Blob, settings?: UploadSettings): Upload<Video> {
    return new Upload(this, file, settings);
  }

  /** All videos, newest first; with `status` those in these states. */
  async *videos({ status }: { readonly status?: readonly Status[] } = {}): AsyncGenerator<Video, void> {
    for (let after: string | null = null, hasMore = true; hasMore; ) {
      const { edges, pageInfo }: Page = await this.#service.ask(VIDEOS, { after, status });
      for (const { node } of edges) yield node;
      hasMore = pageInfo.hasNextPage && pageInfo.endCursor !== after;
      after = pageInfo.endCursor;
    }
  }

  /** A video as it is now. */
  video(id: string): Promise<Video> {
    return this.#service.ask(ASK, { id });
  }

  /** How a video is now and at each change, until it is COMPLETED or FAILED, over every break of the line. */
  watch(id: string, { signal = NEVER }: Stoppable = {}): AsyncGenerator<Video, void> {
    return watch(this.#service, id, signal);
  }

  /** A video once it is COMPLETED or FAILED. */
  async wait(id: string, settings?: Stoppable): Promise<Video> {
    let video!: Video;
    for await (video of this.watch(id, settings));
    return video;
  }

  /** Fetch the ZIP of a video; what it gives is the sink's. */
  download<Saved>(id: string, sink: Sink<Saved>, { onChange, signal = NEVER }: DownloadSettings = {}): Promise<Saved> {
    return new Download(this.#service, `videos/${encodeURIComponent(id)}/download`, sink, onChange).run(signal);
  }

  /** Remove a video with its files. */
  async delete(id: string): Promise<void> {
    await this.#service.ask(DELETE, { id });
  }

  create = (input: NewUpload, signal?: AbortSignal): Promise<StagedUpload> => this.#service.ask(CREATE, { input }, signal);
  refresh = (id: string, signal?: AbortSignal): Promise<StagedUpload> => this.#service.ask(REFRESH, { id }, signal);
  complete = (id: string, signal?: AbortSignal): Promise<Video> => this.#service.ask(COMPLETE, { id }, signal);
  abort = async (id: string): Promise<void> => void (await this.#service.ask(ABORT, { id }));
}
