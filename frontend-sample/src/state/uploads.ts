// The uploads: a few at once, the rest in line.

import type { Options, Problem } from "../api/graphql.ts";
import type { Video } from "../api/video.ts";
import { change, createdAt, drop, type Entry, type Left, type List, newEntry, type Upload } from "./list.ts";

const PARALLEL = 3;

/** These stay as they are, however often the same file is sent. */
const FINAL: readonly Problem["code"][] =
  ["UNSUPPORTED_FILE_FORMAT", "FILE_TOO_LARGE", "INVALID_INPUT", "IDEMPOTENCY_CONFLICT", "UNREADABLE"];

/** A file to be sent, unless there is a problem with it. */
export interface Added {
  readonly key: string;
  readonly file: File;
  readonly options: Options;
  readonly problem: Problem | null;
}

/** What a former page left unfinished. */
export interface Found {
  readonly key: string;
  readonly file: Pick<File, "name" | "size">;
  readonly left: Left;
  readonly sent: number;
  readonly options: Options;
}

const BEGIN: Omit<Upload, "file" | "options"> =
  { phase: "waiting", left: null, isPausable: false, sent: 0, furthest: 0, rate: 0, problem: null };

/** Put uploads on top of the list, in the order of their files. */
export function added(list: List, files: readonly Added[], now: number): List {
  const uploads = files.map(({ key, file, options, problem }) =>
    ({ key, upload: { ...BEGIN, file, options, ...(problem ? failure(problem) : {}) } }));
  const queue = [...list.queue, ...files.filter(({ problem }) => !problem).map(({ key }) => key)];
  return { ...onTop(list, uploads, now), queue };
}

/** Show what former pages left unfinished, but for what is here already. */
export function found(list: List, left: readonly Found[], now: number): List {
  const isHere = ({ left: { id, fingerprint } }: Found): boolean =>
    list.gone.has(id) || list.entries.some(({ video, upload }) => video?.id === id || upload?.left?.fingerprint === fingerprint);
  const uploads = left.filter((one) => !isHere(one)).map(({ key, sent, ...one }) =>
    ({ key, upload: { ...BEGIN, ...one, phase: "left" as const, sent, furthest: sent } }));
  return uploads.length > 0 ? onTop(list, uploads, now) : list;
}

function onTop(list: List, uploads: readonly { key: string; upload: Upload }[], now: number): List {
  // Clocks differ: what is added now stands above all that is there.
  const at = Math.max(now, (list.entries[0]?.at ?? 0) + 1);
  const entries = uploads.map((one, index): Entry => newEntry({ ...one, at, arrival: list.arrivals + index + 1 }));
  return { ...list, arrivals: list.arrivals + uploads.length, entries: [...entries, ...list.entries] };
}

/** The upload that was left with this file, as far as can be told without reading it. */
export const leftWith = ({ entries }: List, { name, size, lastModified }: File): string | undefined =>
  entries.find(({ upload }) => upload?.phase === "left" && upload.left!.fingerprint.startsWith(`${name}:${size}:${lastModified}:`))?.key;

/** Its file was chosen again. */
export const chosenAgain = (list: List, key: string, file: File): List =>
  ({ ...changeUpload(list, key, () => ({ file, phase: "waiting" })), queue: [...list.queue, key] });

export const begun = (list: List, key: string): List => ({ ...unqueued(list, key), sending: [...list.sending, key] });

/** `problem` is why it waits, where that is worth saying. What goes in parts loses so little that its number never falls either. */
export const moved = (
  list: List, key: string, by: Pick<Upload, "phase" | "sent" | "rate"> & Partial<Pick<Upload, "isPausable" | "problem">>,
): List =>
  changeUpload(list, key, (upload) => {
    const furthest = Math.max(upload.furthest, by.sent);
    const { isPausable } = { ...upload, ...by };
    return { problem: null, ...by, furthest, sent: isPausable ? furthest : by.sent };
  });

/** It has become a processing. The word of that may have come before: then it has a line, which becomes this one. */
export function taken(list: List, key: string, video: Video): List {
  const other = list.entries.find((entry) => entry.key !== key && entry.video?.id === video.id);
  const { entries } = change(list, key, () => ({ video: other?.video ?? video, created: createdAt(video) }));
  return { ...list, entries: entries.filter((entry) => entry !== other) };
}

export const failed = (list: List, key: string, problem: Problem): List => changeUpload(list, key, () => failure(problem));

export const retried = (list: List, key: string): List =>
  ({ ...changeUpload(list, key, () => ({ phase: "waiting", problem: null })), queue: [...list.queue, key] });

export const dismissed = (list: List, key: string): List => drop(unqueued(list, key), (entry) => entry.key === key);

/** It is not under way any more, however it went. */
export const over = (list: List, key: string): List => ({ ...list, sending: list.sending.filter((other) => other !== key) });

/** Whose turn it is, if it is anybody's. */
export function next({ entries, queue, sending }: List): string | undefined {
  const isPaused = (key: string): boolean => entries.find((entry) => entry.key === key)?.upload?.phase === "paused";
  return sending.filter((key) => !isPaused(key)).length < PARALLEL ? queue[0] : undefined;
}

export const isUploading = ({ queue, sending }: List): boolean => queue.length + sending.length > 0;

const ACTIVE: readonly Upload["phase"][] = ["waiting", "sending", "again", "paused"];
export const isActive = ({ phase }: Upload): boolean => ACTIVE.includes(phase);

const unqueued = (list: List, key: string): List => ({ ...list, queue: list.queue.filter((other) => other !== key) });

const changeUpload = (list: List, key: string, by: (upload: Upload) => Partial<Upload>): List =>
  change(list, key, ({ upload }) => (upload ? { upload: { ...upload, ...by(upload) } } : {}));

const failure = (problem: Problem): Pick<Upload, "phase" | "isPausable" | "problem"> =>
  ({ phase: FINAL.includes(problem.code) ? "refused" : "failed", isPausable: false, problem });
