// What is looked at on a video's own page: the video, its pictures as far as they are known, and which are chosen.

import type { Problem } from "../api/graphql.ts";
import type { Picture, Viewed } from "../api/viewed.ts";
import { isIn, NONE, type Runs, withRun, without } from "./runs.ts";
import type { Sheet } from "./storyboard.ts";

export interface Viewing {
  /** Null until it was read. */
  readonly video: Viewed | null;
  /** Why it could not be read. */
  readonly problem: Problem | null;
  readonly pictures: Pictures;
  /** The storyboard's sheets that are here, by their numbers from 0. */
  readonly sheets: ReadonlyMap<number, Sheet>;
  readonly choice: Choice;
  /** The newest small picture of the work, and a few before it. */
  readonly arrived: readonly Arrived[];
  /** The picture that is shown large, by its place. */
  readonly open: number | null;
  /** The picture that the timeline is at. */
  readonly scrub: number;
}

/** A small picture as it came, numbered by its arrival: JPEG in base64. */
export interface Arrived {
  readonly number: number;
  readonly jpeg: string;
}

/** What is known of the pictures one by one, in pages, the one that was read last at the end. */
export interface Pictures {
  readonly pages: ReadonlyMap<number, readonly Picture[]>;
  readonly isLost: boolean;
}

export interface Choice {
  readonly chosen: Runs;
  /** Where a range begins that the next one ends. */
  readonly anchor: number;
  /** Where the keyboard is. */
  readonly at: number;
}

/** How many pictures a page has: as many as the service gives at once. */
export const PAGE = 100;
/** So many pages are kept: what is behind them is asked for anew where somebody comes back to it. */
const KEPT = 30;

/** So many small pictures are shown as they come. */
const SHOWN = 24;

export const NOTHING: Viewing = {
  video: null,
  problem: null,
  pictures: { pages: new Map(), isLost: false },
  sheets: new Map(),
  choice: { chosen: NONE, anchor: 1, at: 1 },
  arrived: [],
  open: null,
  scrub: 1,
};

/** What is older than what is known changes nothing; of the same version the later answer has the fresher links. */
export const told = (known: Viewed | null, video: Viewed): Viewed => (known && video.version < known.version ? known : video);

export const arrived = (before: readonly Arrived[], jpeg: string): readonly Arrived[] =>
  [{ number: (before[0]?.number ?? 0) + 1, jpeg }, ...before].slice(0, SHOWN);

export const pageOf = (place: number): number => Math.floor((place - 1) / PAGE);

export const pictureAt = ({ pages }: Pictures, place: number): Picture | undefined => pages.get(pageOf(place))?.[(place - 1) % PAGE];

export function pageRead({ pages }: Pictures, page: number, pictures: readonly Picture[]): Pictures {
  const others = [...pages].filter(([one]) => one !== page);
  return { pages: new Map([...others.slice(-(KEPT - 1)), [page, pictures]]), isLost: false };
}

export const pageLost = (pictures: Pictures): Pictures => ({ ...pictures, isLost: true });

export function toggled({ chosen }: Choice, place: number): Choice {
  const change = isIn(chosen, place) ? without : withRun;
  return { chosen: change(chosen, [place, place]), anchor: place, at: place };
}

/** All from where the last choice was made to here. */
export const extended = ({ chosen, anchor }: Choice, place: number): Choice =>
  ({ chosen: withRun(chosen, [Math.min(anchor, place), Math.max(anchor, place)]), anchor, at: place });

/** The keyboard goes on; a range would begin there. */
export const moved = (choice: Choice, place: number): Choice => ({ ...choice, anchor: place, at: place });

export const allChosen = (choice: Choice, count: number): Choice => ({ ...choice, chosen: [[1, count]] });
export const noneChosen = (choice: Choice): Choice => ({ ...choice, chosen: NONE });
