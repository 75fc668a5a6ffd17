// What the service says of the user's videos, and what the user does with them.

import type { Problem } from "../api/graphql.ts";
import { type Counts, isUnfinished, type Video } from "../api/video.ts";
import { change, drop, EMPTY, type Entry, type List, NOTHING_CHOSEN, NOTHING_READ } from "./list.ts";
import { beyond, comparer, entryOf, matcher } from "./matching.ts";
import { isNarrowed, type View } from "./view.ts";

/** Somebody else is to sign in. What is asked for stands in the address still. */
export const forgotten = ({ arrivals, era, view }: List): List => ({ ...EMPTY, arrivals, view, era: era + 1 });

/** Something else is asked for: it is to be read, and nothing is chosen of it yet; so many were read of it before. */
export const viewed = (list: List, view: View, loaded = 0): List =>
  ({ ...list, ...NOTHING_READ, ...NOTHING_CHOSEN, counts: list.counts, view, loaded });

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
    const entry = entryOf(video, list.arrivals + 1);
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

/** A page was read. Where it was read again, what was read further down stays read. */
export function pageRead(list: List, videos: readonly Video[], hasOlder: boolean): List {
  const last = videos.at(-1) ?? null;
  const isFurther = last !== null && (list.last === null || comparer(list.view.sort)(entryOf(list.last, 0), entryOf(last, 0)) < 0);
  return { ...videos.reduce(tell, list), hasOlder, last: isFurther ? last : list.last, reading: "idle" };
}

export const counted = (list: List, counts: Counts): List => ({ ...list, counts });

export const readingFailed = (list: List, reading: Problem): List => ({ ...list, reading });

/** All was read again, as far down as it is shown: of those that were there before, only what was found is there still. */
export function reread(list: List, before: ReadonlySet<string>, found: readonly Video[], cursor: string | null): List {
  const loaded = list.hasOlder ? Math.max(list.loaded, found.length) : found.length;
  const ids = new Set(found.map(({ id }) => id));
  const last = found.at(-1) ?? null;
  const [isWanted, isBeyond] = [matcher(list.view), beyond({ ...list, last })];
  // Of what lies behind all that was read nothing is known, nor of what was not asked for.
  const isMissing = (entry: Entry): boolean =>
    entry.video !== null && before.has(entry.video.id) && !ids.has(entry.video.id) && isWanted(entry) && !isBeyond(entry);
  const now = { ...list, loaded, cursor, last };
  // What was deleted while nobody watched does not come back; of some states only, it may have gone on to another.
  if (!isNarrowed(list.view)) return drop(now, isMissing);
  return list.entries.some(isMissing) ? { ...now, entries: list.entries.filter((entry) => !isMissing(entry)) } : now;
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

/** Many are deleted together: they are gone from the sight, and taken back together. */
export const removedTogether = (list: List, keys: readonly string[]): List => ({
  ...list,
  ...NOTHING_CHOSEN,
  together: keys,
  entries: list.entries.map((entry) => (keys.includes(entry.key) ? { ...entry, removed: "hidden", restored: false, problem: null } : entry)),
});

export const restoredTogether = (list: List): List => ({
  ...list,
  together: [],
  entries: list.entries.map((entry) => (list.together.includes(entry.key) ? { ...entry, removed: null } : entry)),
});

export const sentTogether = (list: List): List => ({ ...list, together: [] });

/** Show all runs of a file, or the first alone again. */
export function runsToggled(list: List, file: string): List {
  const opened = new Set(list.opened);
  if (!opened.delete(file)) opened.add(file);
  return { ...list, opened };
}
