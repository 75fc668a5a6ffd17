// The statuses of one video as they come, by server-sent events over fetch, since EventSource sends no headers.

import { type Connection, posted, PROBLEM, valueOf } from "./connection.ts";
import { Line } from "./line.ts";
import { lost, Refused } from "./refused.ts";
import { isFinal, VIDEO, type Video } from "./video.ts";
import { Tries } from "./waiting.ts";

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
        if (video.version > seen || isFinal(video)) yield video;
        if (isFinal(video)) return;
        seen = Math.max(seen, video.version);
      }
      throw lost("The stream ended before the video did.");
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
