// What the tests begin with.

import type { Granted } from "../src/api/viewer.ts";
import type { Video } from "../src/api/video.ts";
import { EMPTY, type Entry, type List } from "../src/state/list.ts";
import { added } from "../src/state/uploads.ts";
import { told } from "../src/state/videos.ts";

const CREATED = Date.parse("2026-11-23T12:00:00Z");

const ONE_A_SECOND = {
  framesPerSecond: 1,
  everySeconds: null,
  everyNthFrame: null,
  count: null,
  timestamps: null,
  keyframesOnly: null,
  sceneChange: null,
};

/** A video, so many seconds younger than the first one. */
export function video(id: string, change: Partial<Video> & { after?: number } = {}): Video {
  const { after = 0, ...rest } = change;
  return {
    id,
    fileId: id,
    originalFileName: `${id}.mp4`,
    sizeBytes: 10,
    status: "PENDING",
    version: 1,
    createdAt: new Date(CREATED + after * 1000).toISOString(),
    progress: { percent: 0, framesExtracted: 0, framesExpected: null },
    expiresAt: null,
    media: null,
    options: { format: "JPEG", select: ONE_A_SECOND },
    failure: null,
    result: null,
    ...rest,
  };
}

export function processing(id: string, version: number, percent: number): Video {
  return video(id, { version, status: "PROCESSING", progress: { percent, framesExtracted: 1, framesExpected: 100 } });
}

export function completed(id: string, version = 9): Video {
  return video(id, { version, status: "COMPLETED" });
}

export function file(name: string, size = 10): File {
  return new File([new Uint8Array(size)], name);
}

export function listOf(...videos: Video[]): List {
  return told(EMPTY, videos, EMPTY.era);
}

/** The list with uploads of these keys, each named after its key. */
export function uploading(list: List, ...keys: string[]): List {
  return added(list, keys.map((key) => ({ key, file: file(`${key}.mp4`), options: {}, problem: null })), CREATED);
}

export function entry(list: List, key: string): Entry {
  return list.entries.find((one) => one.key === key)!;
}

export function keys(list: { entries: readonly Entry[] }): string[] {
  return list.entries.map(({ key }) => key);
}

export function grant(change: Partial<Granted> = {}): Granted {
  const user = { id: "ana", name: "Ana", email: "ana@example.com", emailVerified: false };
  return { accessToken: "token", expiresAt: "2026-11-23T13:00:00Z", refreshToken: "again", user, ...change };
}
