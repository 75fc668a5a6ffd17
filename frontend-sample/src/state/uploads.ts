// The uploads: a few at once, the rest in line.

import type { Options, Problem } from "../api/graphql.ts";
import type { Video } from "../api/video.ts";
import { change, drop, type Entry, type List, newEntry, type Upload } from "./list.ts";

const PARALLEL = 3;

/** These stay as they are, however often the same file is sent. */
const FINAL: readonly Problem["code"][] =
  ["UNSUPPORTED_FILE_FORMAT", "FILE_TOO_LARGE", "INVALID_INPUT", "IDEMPOTENCY_CONFLICT", "UNREADABLE"];

/** A file to be sent, unless there is a problem with it. */
export interface Added {
  readonly key: string;
  readonly file: File;
  readonly problem: Problem | null;
}

/** Put uploads on top of the list, in the order of their files. */
export function added(list: List, files: readonly Added[], options: Options, now: number): List {
  // Clocks differ: what is added now stands above all that is there.
  const at = Math.max(now, (list.entries[0]?.at ?? 0) + 1);
  const begin: Omit<Upload, "file"> = { options, phase: "waiting", sent: 0, furthest: 0, rate: 0, problem: null };
  const entries = files.map(({ key, file, problem }, index): Entry => {
    const upload = { ...begin, file, ...(problem ? failure(problem) : {}) };
    return newEntry({ key, at, arrival: list.arrivals + index + 1, upload });
  });
  return {
    ...list,
    arrivals: list.arrivals + files.length,
    entries: [...entries, ...list.entries],
    queue: [...list.queue, ...files.filter(({ problem }) => !problem).map(({ key }) => key)],
  };
}

export const begun = (list: List, key: string): List => ({ ...unqueued(list, key), sending: [...list.sending, key] });

export const moved = (list: List, key: string, by: Pick<Upload, "phase" | "sent" | "rate">): List =>
  changeUpload(list, key, ({ furthest }) => ({ ...by, furthest: Math.max(furthest, by.sent) }));

/** It has become a processing. The word of that may have come before: then it has a line, which becomes this one. */
export function taken(list: List, key: string, video: Video): List {
  const other = list.entries.find((entry) => entry.key !== key && entry.video?.id === video.id);
  const { entries } = change(list, key, () => ({ video: other?.video ?? video }));
  return { ...list, entries: entries.filter((entry) => entry !== other) };
}

export const failed = (list: List, key: string, problem: Problem): List => changeUpload(list, key, () => failure(problem));

export const retried = (list: List, key: string): List =>
  ({ ...changeUpload(list, key, () => ({ phase: "waiting", problem: null })), queue: [...list.queue, key] });

export const dismissed = (list: List, key: string): List => drop(unqueued(list, key), (entry) => entry.key === key);

/** It is not under way any more, however it went. */
export const over = (list: List, key: string): List => ({ ...list, sending: list.sending.filter((other) => other !== key) });

/** Whose turn it is, if it is anybody's. */
export const next = ({ queue, sending }: List): string | undefined => (sending.length < PARALLEL ? queue[0] : undefined);

export const isUploading = ({ queue, sending }: List): boolean => queue.length + sending.length > 0;

export const isActive = ({ phase }: Upload): boolean => phase === "waiting" || phase === "sending" || phase === "again";

const unqueued = (list: List, key: string): List => ({ ...list, queue: list.queue.filter((other) => other !== key) });

const changeUpload = (list: List, key: string, by: (upload: Upload) => Partial<Upload>): List =>
  change(list, key, ({ upload }) => (upload ? { upload: { ...upload, ...by(upload) } } : {}));

const failure = (problem: Problem): Pick<Upload, "phase" | "problem"> =>
  ({ phase: FINAL.includes(problem.code) ? "refused" : "failed", problem });
