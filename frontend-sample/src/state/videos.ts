// What the service says of the user's videos, and what the user does with them.

import type { Problem } from "../api/graphql.ts";
import { isUnfinished, type Video } from "../api/video.ts";
import { change, drop, EMPTY, type Entry, type List, newEntry } from "./list.ts";

/** Somebody else is to sign in. */
export const forgotten = ({ arrivals, era }: List): List => ({ ...EMPTY, arrivals, era: era + 1 });

/** Take in what was asked for in an era: if that is over, it is not for who is here now. */
export const told = (list: List, videos: readonly Video[], era: number): List =>
  era === list.era ? videos.reduce(tell, list) : list;

/** What is older than what is known changes nothing. */
function tell(list: List, video: Video): List {
  if (list.gone.has(video.id)) return list;
  const known = list.entries.find((entry) => entry.video?.id === video.id);
  const before = known?.video;
  // Another page went on with it.
  if (list.entries.some(({ upload }) => upload?.phase === "left" && upload.left?.id === video.id)) {
    return tell({ ...list, entries: list.entries.filter(({ upload }) => upload?.left?.id !== video.id) }, video);
  }
  if (!before) {
    const entry = newEntry({ key: video.id, at: Date.parse(video.createdAt), arrival: list.arrivals + 1, video });
    const index = list.entries.findIndex(({ at }) => at < entry.at);
    const entries = list.entries.toSpliced(index < 0 ? list.entries.length : index, 0, entry);
    return { ...list, arrivals: entry.arrival, entries };
  }
  if (video.version < before.version) return list;
  if (video.status !== before.status) return change(list, known.key, () => ({ video, problem: null }));
  // Another worker's attempt begins anew; the bar waits until it has caught up.
  const falls = video.progress.percent < before.progress.percent;
  return change(list, known.key, () => ({ video: falls ? { ...video, progress: before.progress } : video }));
}

export const deleted = (list: List, id: string): List => drop(list, ({ video }) => video?.id === id);

export const pageRead = (list: List, videos: readonly Video[], hasOlder: boolean): List =>
  ({ ...videos.reduce(tell, list), hasOlder, reading: "idle" });

export const readingFailed = (list: List, reading: Problem): List => ({ ...list, reading });

/** All was read again, as far down as it is shown: of those that were there before, only what was found is there still. */
export function reread(list: List, before: ReadonlySet<string>, found: readonly Video[], cursor: string | null): List {
  const loaded = list.hasOlder ? Math.max(list.loaded, found.length) : found.length;
  const ids = new Set(found.map(({ id }) => id));
  // What is not there any more was deleted while nobody watched; of what is older than all that was read, nothing is known.
  const oldest = list.hasOlder ? Math.min(...found.map(({ createdAt }) => Date.parse(createdAt))) : -Infinity;
  const isDeleted = ({ id, createdAt }: Video): boolean => before.has(id) && !ids.has(id) && Date.parse(createdAt) > oldest;
  return { ...drop(list, ({ video }) => video !== null && isDeleted(video)), loaded, cursor };
}

export const olderRead = (list: List, count: number, cursor: string | null): List =>
  ({ ...list, loaded: list.loaded + count, cursor });

/** What the user did last was not done; null where that is of no interest any more. */
export const failed = (list: List, key: string, problem: Problem | null): List => change(list, key, () => ({ problem }));

/** That it could not be stopped is of no interest once it has ended. */
export const cancelFailed = (list: List, key: string, problem: Problem): List =>
  change(list, key, ({ video }) => (video && isUnfinished(video) ? { problem } : {}));

export const removed = (list: List, key: string): List =>
  change(list, key, () => ({ removed: "undoable", restored: false, problem: null }));

export const restored = (list: List, key: string): List =>
  change(list, key, ({ removed }) => (removed === "undoable" ? { removed: null, restored: true } : {}));

export const removalSent = (list: List, key: string): List => change(list, key, () => ({ removed: "sent" }));

export function removalAnswered(list: List, key: string, problem: Problem | null, era: number): List {
  if (era !== list.era) return list;
  const isGone = !problem || problem.code === "VIDEO_NOT_FOUND";
  return isGone ? drop(list, (entry: Entry) => entry.key === key) : change(list, key, () => ({ removed: null, problem }));
}
