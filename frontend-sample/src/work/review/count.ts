// How many pictures the options give: the service's own rule, app/domain/choice.py, as far as it can be told before.

import { type Chosen, timesIn } from "../options.ts";
import { before, type Film, intervalOf, shownAt } from "./film.ts";

/** So many pictures; "most" where there may be fewer, "about" where the film's own rate is not known. Null: nobody can tell yet. */
export type Count = { readonly files: number; readonly how: "exactly" | "about" | "most" } | null;

/** A rate that was typed in decimals, 0.0333333 for instance, means the fraction next to it: a thirtieth. */
const DENOMINATOR = 10_000;
/** Rates that broadcasting slows down by 1000/1001; people write them as 23.976, 23.98, 29.97, 59.94. */
const BROADCAST = [12, 15, 24, 30, 48, 60, 120, 240];
/** What is left of a number in binary must not count as more. */
const DUST = 1e-9;

interface Part {
  readonly start: number;
  /** Infinite: to the film's end. */
  readonly stop: number;
}

export const partOf = ({ startSeconds, endSeconds }: Chosen): Part =>
  ({ start: Number(startSeconds || 0), stop: endSeconds === "" ? Number.POSITIVE_INFINITY : Number(endSeconds) });

/** How many files the ZIP will hold; `film` is null where nothing is known of it. */
export function countOf(film: Film | null, chosen: Chosen): Count {
  const { kind, value } = chosen;
  const part = partOf(chosen);
  const count = Number(value);
  if (kind === "sceneChange" || (!film && kind !== "count" && kind !== "timestamps")) return null;
  if (kind === "timestamps") {
    const times = timesIn(value).filter((time) => time >= part.start && time < Math.min(part.stop, film?.duration ?? Number.POSITIVE_INFINITY));
    return { files: times.length, how: film?.pictures ? "exactly" : "most" };
  }
  if (!film) return { files: count, how: "most" };
  if (kind === "framesPerSecond" || kind === "everySeconds") {
    return { files: instants(film, part, stepOf(chosen)), how: film.pictures ? "exactly" : "about" };
  }
  const taken = picturesOf(film, chosen);
  if (taken) return { files: taken.length, how: "exactly" };
  const length = Math.max(Math.min(part.stop, film.duration) - part.start, 0) / intervalOf(film);
  if (kind === "count") return { files: Math.min(count, Math.max(Math.round(length), 1)), how: "about" };
  return kind === "everyNthFrame" ? { files: Math.max(Math.ceil(length / count), 1), how: "about" } : null;
}

/** The seconds from one instant of a regular grid to the next. */
export function stepOf({ kind, value }: Pick<Chosen, "kind" | "value">): number {
  const typed = Number(value);
  if (kind === "everySeconds") return fraction(typed);
  const decimals = value.split(".")[1]?.length ?? 0;
  const rate = decimals > 1 && BROADCAST.find((whole) => Number(((whole * 1000) / 1001).toFixed(decimals)) === typed);
  return rate ? 1001 / (1000 * rate) : 1 / fraction(typed);
}

/** The fraction of a denominator up to 10,000 that is nearest to a number, as `Fraction.limit_denominator` finds it. */
function fraction(of: number): number {
  let [below, above, rest] = [[0, 1], [1, 0], of] as [number[], number[], number];
  for (let turn = 0; turn < 40; turn++) {
    const whole = Math.floor(rest);
    const next = [below[0]! + whole * above[0]!, below[1]! + whole * above[1]!];
    if (next[1]! > DENOMINATOR) break;
    [below, above] = [above, next];
    if (rest - whole < DUST) break;
    rest = 1 / (rest - whole);
  }
  return above[0]! / above[1]! || of;
}

/**
 * How many instants of the grid lie in the part, at least one. The film's own end counts as reached already where it is
 * so close that it must be the clock's wavering.
 */
function instants(film: Film, { start, stop }: Part, step: number): number {
  const { pictures, duration } = film;
  const usual = intervalOf(film);
  const last = pictures ? pictures.end - pictures.begins.at(-1)! : usual;
  const reached = duration - Math.min(last, usual, step) / 4;
  return Math.max(1, Math.ceil((Math.min(reached, stop) - start) / step - DUST));
}

/** The numbers of the pictures that are chosen by number; null where only the service can say. */
function picturesOf({ pictures }: Film, chosen: Chosen): number[] | null {
  if (!pictures) return null;
  const { start, stop } = partOf(chosen);
  const { begins, keys } = pictures;
  const first = Math.min(shownAt(pictures, start), before(begins, start - DUST));
  const last = Math.max(before(begins, stop - DUST), first + 1);
  const count = Number(chosen.value);
  if (chosen.kind === "keyframesOnly") return keys.filter((number) => number >= first && number < last);
  if (chosen.kind === "everyNthFrame") return Array.from({ length: Math.ceil((last - first) / count) }, (_, k) => first + k * count);
  if (chosen.kind !== "count") return null;
  // Which ones these are is the service's to find where pictures last differently; how many, and about where, is known.
  const length = Math.min(count, last - first);
  return Array.from({ length }, (_, k) => first + Math.floor((k * (last - first)) / length));
}

/** Pictures at instants of their own beside those that a rule gives, as one list of times: null where that cannot be told here. */
export function timesOf(film: Film | null, chosen: Chosen): number[] | null {
  if (chosen.kind === "timestamps") return timesIn(chosen.value);
  if (!film || chosen.kind === "sceneChange") return null;
  const { start } = partOf(chosen);
  if (chosen.kind === "framesPerSecond" || chosen.kind === "everySeconds") {
    const step = stepOf(chosen);
    return Array.from({ length: countOf(film, chosen)!.files }, (_, k) => start + k * step);
  }
  return picturesOf(film, chosen)?.map((number) => film.pictures!.begins[number]!) ?? null;
}
