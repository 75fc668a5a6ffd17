// What is to be sent: the options as the service takes them, or what is wrong with them, and where.

import type { Options } from "../../api/graphql.ts";
import type { Limits } from "../../api/limits.ts";
import { type Chosen, optionsOf, timesIn } from "../options.ts";
import { type Count, countOf, partOf, timesOf } from "./count.ts";
import type { Film } from "./film.ts";
import type { Marked } from "./review.ts";

/** The service takes so many instants of one film (app/domain/options.py). */
export const MOST_INSTANTS = 500;

/** Why an option cannot be as it is; its numbers are what may be. */
export type Wrong =
  | { readonly why: "missing" | "number" | "whole" | "instants" | "order" | "beyond" | "sceneAndInstants" }
  | { readonly why: "range"; readonly minimum: number; readonly maximum: number }
  | { readonly why: "tooMany"; readonly found: number; readonly most: number }
  /** In the service's own words. */
  | { readonly why: "refused"; readonly message: string };

/** By the name of the field. */
export type Wrongs = Readonly<Partial<Record<string, Wrong>>>;

/** Look at options as the service will, for one film; null where nothing is known of it. */
export function wrongs(marked: Marked, film: Film | null, limits: Limits | null): Wrongs {
  const { chosen } = marked;
  const fields = ["quality", "maxWidth", "maxHeight", "startSeconds", "endSeconds"] as const;
  const found: Record<string, Wrong | null> = { value: wrongValue(chosen, limits) };
  for (const name of fields) found[name] = numberOf(chosen[name], name, name === "quality" && chosen.format !== "PNG", limits);
  const { start, stop } = partOf(chosen);
  if (stop - start < 0.001) found.endSeconds ??= { why: "order" };
  if (film && start >= film.duration) found.startSeconds ??= { why: "beyond" };
  const isClean = Object.values(found).every((one) => one === null);
  if (isClean) found.value = wrongNumber(marked, film, limits);
  return Object.fromEntries(Object.entries(found).filter((one): one is [string, Wrong] => one[1] !== null));
}

function wrongValue({ kind, value }: Chosen, limits: Limits | null): Wrong | null {
  if (kind === "keyframesOnly") return null;
  if (kind !== "timestamps") return numberOf(value, kind, true, limits);
  const times = timesIn(value);
  const rises = times.every((time, place) => time >= 0 && (place === 0 || time > times[place - 1]!));
  return times.length > 0 && times.length <= MOST_INSTANTS && rises ? null : { why: "instants" };
}

function numberOf(text: string, option: string, isNeeded: boolean, limits: Limits | null): Wrong | null {
  if (text.trim() === "") return isNeeded ? { why: "missing" } : null;
  const number = Number(text);
  if (!Number.isFinite(number)) return { why: "number" };
  const range = limits?.optionRanges.find((one) => one.option === option);
  if (!range) return null;
  const [minimum, maximum] = [range.minimum, range.maximum ?? Number.POSITIVE_INFINITY];
  if (number < minimum || number > maximum) return { why: "range", minimum, maximum };
  return range.wholeNumber && !Number.isInteger(number) ? { why: "whole" } : null;
}

/** Whether there are too many pictures, or none that can be told beside the instants. */
function wrongNumber(marked: Marked, film: Film | null, limits: Limits | null): Wrong | null {
  const { chosen, marks } = marked;
  if (marks.length > 0 && chosen.kind !== "timestamps") {
    const times = together(marked, film);
    if (!times) return { why: "sceneAndInstants" };
    if (times.length > MOST_INSTANTS) return { why: "tooMany", found: times.length, most: MOST_INSTANTS };
  }
  const count = countOf(film, chosen);
  const most = limits?.maxFramesPerVideo ?? Number.POSITIVE_INFINITY;
  return count && count.how !== "most" && count.files > most ? { why: "tooMany", found: count.files, most } : null;
}

/** The instants of the rule and those that are marked, as one list. */
function together({ chosen, marks }: Marked, film: Film | null): number[] | null {
  const times = timesOf(film, chosen);
  const fine = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;
  return times && [...new Set([...times, ...marks].map(fine))].sort((a, b) => a - b);
}

/** How many pictures these options give of a film. */
export function pictureCount(marked: Marked, film: Film | null): Count {
  if (marked.marks.length === 0 || marked.chosen.kind === "timestamps") return countOf(film, marked.chosen);
  const times = together(marked, film);
  return times && { files: times.filter((time) => time < film!.duration).length, how: film!.pictures ? "exactly" : "about" };
}

/** What the service is asked for. It takes either a rule or instants, so that both together are sent as instants. */
export function asked(marked: Marked, film: Film | null): NonNullable<Options> {
  const options = optionsOf(marked.chosen);
  if (marked.marks.length === 0 || marked.chosen.kind === "timestamps") return options;
  return { ...options, select: { timestamps: together(marked, film)! }, startSeconds: null, endSeconds: null };
}
