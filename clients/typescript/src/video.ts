// A video, as the service tells it, and as it changes.

import { type Connection, posted, PROBLEM, valueOf } from "./connection.ts";
import { Line } from "./line.ts";
import { lost, Refused, Tries } from "./refused.ts";

export type Status = "PENDING" | "PROCESSING" | "COMPLETED" | "FAILED";

/** One processing of one film: the schema's `VideoProcessing`. Times are in ISO 8601. */
export interface Video {
  readonly id: string;
  readonly originalFileName: string;
  readonly sizeBytes: number;
  readonly status: Status;
  /** It only rises: what has a lower one than you have seen is older. */
  readonly version: number;
  readonly progress: { readonly percent: number; readonly framesExtracted: number; readonly framesExpected: number | null };
  /** Why it failed: `code` for programs, `reason` as a sentence. */
  readonly failure: { readonly code: string; readonly reason: string; readonly retryable: boolean } | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
  readonly expiresAt: string | null;
  /** The ZIP, null unless there is one; left out where something was changed, since a key that may do so need not read. */
  readonly result?: FramesArchive | null;
}

/** Its links authorise themselves for some minutes, and may be relative to the service. */
export interface FramesArchive {
  readonly frameCount: number;
  readonly sizeBytes: number;
  readonly downloadUrl: string;
  readonly contactSheetUrl: string | null;
  readonly expiresAt: string;
}

const STATE = `id originalFileName sizeBytes status version progress { percent framesExtracted framesExpected }
  failure { code reason retryable } createdAt completedAt expiresAt`;
/** What changes something asks for no links: a key that may do so need not read. */
export const CHANGED = `{ ... on VideoProcessing { ${STATE} } ${PROBLEM} }`;
export const VIDEO = `${STATE} result { frameCount sizeBytes downloadUrl contactSheetUrl expiresAt }`;

/** Whether it will not change any more. */
export const isFinal = ({ status }: Video): boolean => status === "COMPLETED" || status === "FAILED";

export const ASK = `query Video($id: ID!) { video(id: $id) { ... on VideoProcessing { ${VIDEO} } ${PROBLEM} } }`;
const WATCH = `subscription VideoStatus($id: ID!) {
  videoStatus(id: $id) { ... on VideoProcessing { ${VIDEO} } ... on Deleted { deleted: id } ${PROBLEM} }
}`;
/** As many failures as make the longest pause. */
const MANY = 5;

/** How it is now and at each change, until it is final; throws `Refused` where there will be no more to tell. */
export async function* watch(service: Connection, id: string, stop: AbortSignal): AsyncGenerator<Video, void> {
  const tries = new Tries();
  for (let seen = -1, isFirst = true; ; isFirst = false) {
    stop.throwIfAborted();
    const line = new Line(stop);
    try {
      for await (const video of states(service, id, line, isFirst, tries)) {
        if (video.version <= seen) continue;
        yield video;
        if (isFinal(video)) return;
        seen = video.version;
      }
      throw lost();
    } catch (error) {
      await tries.failed(error, stop);
    } finally {
      line.end();
    }
  }
}

async function* states(service: Connection, id: string, line: Line, isFirst: boolean, tries: Tries): AsyncGenerator<Video> {
  if (!isFirst) {
    yield await service.ask(ASK, { id }, line.signal);
    // Where no stream gets through it goes on by asking, now and then.
    tries.failures = Math.min(tries.failures, MANY);
  }
  const answer = await service.open("graphql", posted(WATCH, { id }, line.signal, { Accept: "text/event-stream" }));
  for await (const data of events(line.pieces(answer))) {
    const said = valueOf<Video | { deleted: string }>(answer, data);
    if ("deleted" in said) throw new Refused("VIDEO_NOT_FOUND", { message: "The video was deleted." });
    tries.failures = 0;
    yield said;
  }
}

/** The data of server-sent events (HTML standard, section 9.2), which has one line in each of the service's. */
export async function* events(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r?\n/);
    rest = lines.pop()!;
    for (const [, data] of lines.map((line) => /^data:\s*(\S.*)/.exec(line) ?? [])) if (data) yield data;
  }
}
