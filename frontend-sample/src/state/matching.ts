// Which videos are those that are asked for, and where each lies among them: as the service has it.

import type { Video } from "../api/video.ts";
import { createdAt, type Entry, type List, newEntry } from "./list.ts";
import { beginOf, type Sort, type View, wordsOf } from "./view.ts";

/** Whether a video is one of those that are asked for. */
export function matcher({ search, statuses, from, to }: View): (entry: Entry) => boolean {
  const words = wordsOf(search);
  const [begin, end] = [from ? beginOf(from, 0).getTime() : -Infinity, to ? beginOf(to, 1).getTime() : Infinity];
  return ({ video, folded: name, created }) =>
    (statuses.length === 0 || video === null || statuses.includes(video.status)) &&
    (created === null || (begin <= created && created < end)) &&
    words.every((word) => name.includes(word));
}

/** By what each order goes, and in which direction. */
const BY: Readonly<Record<Sort, readonly [(entry: Entry) => number | string, 1 | -1]>> = {
  newest: [({ created }) => created!, -1],
  oldest: [({ created }) => created!, 1],
  name: [(entry) => entry.folded, 1],
  largest: [({ video }) => video!.sizeBytes, -1],
  longest: [({ video }) => video!.media?.durationSeconds ?? -1, -1],
};

const order = (one: number | string, other: number | string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Which of two videos comes first: as the service has it, whose cursors name places in that order. */
export function comparer(sort: Sort): (one: Entry, other: Entry) => number {
  const [by, way] = BY[sort];
  return (one, other) => way * (order(by(one), by(other)) || order(one.video!.id, other.video!.id));
}

/** The line of a video that came as the so-manieth to this page. */
export const entryOf = (video: Video, arrival: number): Entry =>
  newEntry({ key: video.id, at: createdAt(video), arrival, video });

/** Whether a video lies behind all that was read of the list, so that others may lie between. */
export function beyond({ hasOlder, last, view }: List): (entry: Entry) => boolean {
  if (!hasOlder || !last) return () => false;
  const [end, compare] = [entryOf(last, 0), comparer(view.sort)];
  return (entry) => entry.video !== null && compare(end, entry) < 0;
}
