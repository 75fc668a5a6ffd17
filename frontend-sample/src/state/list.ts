// The list: what the service knows and what is being uploaded, each once and each in its place.

import type { Options, Problem } from "../api/graphql.ts";
import type { Counts, Video } from "../api/video.ts";
import { ALL, folded, type View } from "./view.ts";

/** An upload that a former page left unfinished: choosing its file again goes on with it. */
export interface Left {
  readonly id: string;
  /** What tells its file apart. */
  readonly fingerprint: string;
}

export interface Upload {
  /** Without its content where it was left. */
  readonly file: File | Pick<File, "name" | "size">;
  readonly options: Options;
  readonly phase: "waiting" | "sending" | "again" | "paused" | "left" | "failed" | "refused";
  readonly left: Left | null;
  /** Whether it can be paused now. */
  readonly isPausable: boolean;
  /** Bytes of this try. */
  readonly sent: number;
  /** Bytes of the try that came furthest: what the bar shows, so that it never falls. */
  readonly furthest: number;
  /** Bytes a second over the last few; 0 where unknown. */
  readonly rate: number;
  readonly problem: Problem | null;
}

/** One line of the list: first an upload, then the processing that came of it. */
export interface Entry {
  readonly key: string;
  /** Its place: the list is sorted by it, the highest first. */
  readonly at: number;
  /** When it came to this page, counted in arrivals. */
  readonly arrival: number;
  readonly upload: Upload | null;
  readonly video: Video | null;
  /** When its video was made, as the service says, in milliseconds; null while it is on its way. A line keeps its place. */
  readonly created: number | null;
  /** Its name as it is searched and sorted. */
  readonly folded: string;
  /**
   * Deleted by the user: "undoable" until the service is asked, "sent" until it has answered, and "hidden" all that time
   * where many were deleted together.
   */
  readonly removed: "undoable" | "sent" | "hidden" | null;
  /** It was brought back, and the keyboard's focus goes with it. */
  readonly restored: boolean;
  /** Why what the user did last was not done. */
  readonly problem: Problem | null;
}

export interface List {
  readonly entries: readonly Entry[];
  readonly arrivals: number;
  /** The videos that were here and are no more: an answer that was under way does not bring them back. */
  readonly gone: ReadonlySet<string>;
  /** Keys of the uploads that wait for their turn, the next one first, and of those whose turn it is. */
  readonly queue: readonly string[];
  readonly sending: readonly string[];
  /** What is asked of it; what follows was read for that. */
  readonly view: View;
  readonly reading: "first" | "idle" | Problem;
  readonly hasOlder: boolean;
  /** Where reading on begins, behind which video that is, and how many were read. */
  readonly cursor: string | null;
  readonly last: Video | null;
  readonly loaded: number;
  /** How many there are in each state, whichever of the states are asked for; null until that is known. */
  readonly counts: Counts | null;
  /** Keys of the lines that are chosen, and of the one that was touched last. */
  readonly chosen: ReadonlySet<string>;
  readonly anchor: string | null;
  /** The files of which all runs are shown, and not just the first. */
  readonly opened: ReadonlySet<string>;
  /** Keys of those that were deleted together and can be taken back. */
  readonly together: readonly string[];
  /** Raised when somebody else signs in: what was asked for before is not for them. */
  readonly era: number;
}

export const NOTHING_READ = { reading: "first", hasOlder: false, cursor: null, last: null, loaded: 0, counts: null } as const;
export const NOTHING_CHOSEN = { chosen: new Set<string>(), anchor: null } as const;
export const EMPTY: List = {
  entries: [],
  arrivals: 0,
  gone: new Set(),
  queue: [],
  sending: [],
  view: ALL,
  ...NOTHING_READ,
  ...NOTHING_CHOSEN,
  opened: new Set(),
  together: [],
  era: 0,
};

export const newEntry = (entry: Pick<Entry, "key" | "at" | "arrival"> & Partial<Entry>): Entry =>
  ({ upload: null, video: null, created: entry.video ? createdAt(entry.video) : null, folded: folded(entry.video?.originalFileName ?? entry.upload?.file.name ?? ""), removed: null, restored: false, problem: null, ...entry });

export const createdAt = (video: Video): number => Date.parse(video.createdAt);

/** The list with one of its entries changed; the same where it is not there. */
export function change(list: List, key: string, by: (entry: Entry) => Partial<Entry>): List {
  const index = list.entries.findIndex((entry) => entry.key === key);
  const found = list.entries[index];
  return found ? { ...list, entries: list.entries.with(index, { ...found, ...by(found) }) } : list;
}

/** The list without some of its entries, whose videos do not come back. */
export function drop(list: List, isDropped: (entry: Entry) => boolean): List {
  const dropped = list.entries.filter(isDropped);
  if (dropped.length === 0) return list;
  const gone = new Set([...list.gone, ...dropped.flatMap(({ video }) => video?.id ?? [])]);
  return { ...list, gone, entries: list.entries.filter((entry) => !dropped.includes(entry)) };
}

export const nameOf = ({ video, upload }: Entry): string => video?.originalFileName ?? upload!.file.name;
