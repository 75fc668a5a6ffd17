// The review: which files are to be sent, with which options each, and what is marked in them. It changes by pure functions.

import type { Chosen } from "../options.ts";
import { timesIn } from "../options.ts";
import type { Film } from "./film.ts";

/** Options, and instants beside those that they choose. */
export interface Marked {
  readonly chosen: Chosen;
  /** Seconds, rising; where the options choose nothing but instants these stand in their field instead. */
  readonly marks: readonly number[];
  /** The rule that instants took the place of, to come back with a part. */
  readonly rule: Pick<Chosen, "kind" | "value"> | null;
}

export interface Item {
  readonly key: string;
  readonly file: File;
  /** Null where nothing can be told of it, undefined while it is looked at. */
  readonly film: Film | null | undefined;
  /** Null: what holds for all. */
  readonly own: Marked | null;
}

export interface Review {
  readonly items: readonly Item[];
  /** Which one is looked at. */
  readonly at: string;
  readonly shared: Marked;
}

export function begun(files: readonly { key: string; file: File }[], chosen: Chosen): Review {
  const items = files.map((one): Item => ({ ...one, film: undefined, own: null }));
  return { items, at: items[0]!.key, shared: { chosen, marks: [], rule: null } };
}

/** More files came meanwhile. */
export const joined = (review: Review, files: readonly { key: string; file: File }[]): Review =>
  ({ ...review, items: [...review.items, ...begun(files, review.shared.chosen).items] });

export const current = ({ items, at }: Review): Item => items.find(({ key }) => key === at) ?? items[0]!;
export const markedOf = ({ shared }: Review, { own }: Item): Marked => own ?? shared;

const changeItem = (review: Review, key: string, by: Partial<Item>): Review =>
  ({ ...review, items: review.items.map((item) => (item.key === key ? { ...item, ...by } : item)) });

export const lookedAt = (review: Review, at: string): Review => ({ ...review, at });
export const found = (review: Review, key: string, film: Film | null): Review => changeItem(review, key, { film });

/** Without a file; null where it was the last one. */
export function without(review: Review, key: string): Review | null {
  const items = review.items.filter((item) => item.key !== key);
  const place = Math.min(review.items.findIndex((item) => item.key === key), items.length - 1);
  return items.length === 0 ? null : { ...review, items, at: review.at === key ? items[place]!.key : review.at };
}

/** Give the file that is looked at options of its own, or those of all again. */
export const owned = (review: Review, isOwn: boolean): Review =>
  changeItem(review, current(review).key, { own: isOwn ? markedOf(review, current(review)) : null });

/** Change the options that hold for the file that is looked at: its own where it has some. */
function changed(review: Review, by: (marked: Marked) => Marked): Review {
  const item = current(review);
  return item.own ? changeItem(review, item.key, { own: by(item.own) }) : { ...review, shared: by(review.shared) };
}

/** What stands in the form is another. */
export const chose = (review: Review, chosen: Chosen): Review =>
  changed(review, (marked) => {
    // The instants go from the field to the timeline's own and back, and are not lost on the way.
    const was = marked.chosen.kind === "timestamps" ? timesIn(marked.chosen.value) : marked.marks;
    if (chosen.kind === marked.chosen.kind) return { ...marked, chosen };
    if (chosen.kind !== "timestamps") return { chosen, marks: was, rule: null };
    return { chosen: was.length > 0 ? { ...chosen, value: textOf(was) } : chosen, marks: [], rule: null };
  });

/** The instants that are marked, as far as they are numbers. */
export function marksOf({ chosen, marks }: Marked): readonly number[] {
  return chosen.kind === "timestamps" ? timesIn(chosen.value).filter(Number.isFinite) : marks;
}

/** What is marked belongs to one film: it has options of its own from now on. */
const marking = (review: Review, by: (marked: Marked) => Marked): Review => {
  const item = current(review);
  return changeItem(review, item.key, { own: by(markedOf(review, item)) });
};

/** Set the instants. The first ones take the place of a rule for the whole film, and stand beside one for a part. */
export const marked = (review: Review, instants: readonly number[]): Review =>
  marking(review, (was) => {
    const { chosen } = was;
    const marks = [...new Set(instants.map(rounded))].sort((a, b) => a - b);
    const rule = was.rule ?? { kind: chosen.kind, value: chosen.value };
    const hasPart = chosen.startSeconds !== "" || chosen.endSeconds !== "";
    if (chosen.kind === "timestamps" && marks.length === 0 && was.rule) return { chosen: { ...chosen, ...rule }, marks, rule: null };
    if (chosen.kind === "timestamps") return { ...was, chosen: { ...chosen, value: textOf(marks) } };
    if (hasPart || was.marks.length > 0) return { ...was, marks };
    return { chosen: { ...chosen, kind: "timestamps", value: textOf(marks) }, marks: [], rule };
  });

/** Set where the part begins and ends; null leaves that open. */
export const parted = (review: Review, part: { start?: number | null; stop?: number | null }): Review =>
  marking(review, (was) => {
    const { chosen, rule } = was;
    const text = (seconds: number | null): string => (seconds === null ? "" : String(rounded(seconds)));
    const bounds = {
      ...(part.start !== undefined ? { startSeconds: text(part.start) } : {}),
      ...(part.stop !== undefined ? { endSeconds: text(part.stop) } : {}),
    };
    if (chosen.kind !== "timestamps" || !rule) return { ...was, chosen: { ...chosen, ...bounds } };
    return { chosen: { ...chosen, ...rule, ...bounds }, marks: marksOf(was), rule: null };
  });

/** Milliseconds are as fine as containers tell times. */
const rounded = (seconds: number): number => Math.max(Math.round(seconds * 1000), 0) / 1000;
const textOf = (instants: readonly number[]): string => instants.join(" ");

/** What the next files begin with: of what was sent, all that belongs to no film in particular. */
export function usual(review: Review): Chosen {
  const { chosen, rule } = review.items.length === 1 ? markedOf(review, review.items[0]!) : review.shared;
  return { ...chosen, ...rule, startSeconds: "", endSeconds: "" };
}
