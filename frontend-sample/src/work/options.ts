// How frames are taken: what stands in the form, and what the API takes.

import type { Options } from "../api/graphql.ts";
import type { Applied } from "../api/options.ts";
import { type Choices, choicesOf, givenOf, NO_CHOICES } from "./choices.ts";

export type Kind = keyof Applied["select"];

/** What the form begins with, of each way to choose frames. */
export const FIRST: Readonly<Record<Kind, string>> = {
  framesPerSecond: "1",
  everySeconds: "5",
  everyNthFrame: "25",
  count: "20",
  timestamps: "0 1",
  keyframesOnly: "",
  sceneChange: "0.3",
};
export const KINDS = Object.keys(FIRST) as Kind[];
export const FORMATS: readonly Applied["format"][] = ["JPEG", "PNG", "WEBP"];

const NUMBERS = ["quality", "maxWidth", "maxHeight", "startSeconds", "endSeconds"] as const;
export type NumberOption = (typeof NUMBERS)[number];

/** What stands in the form: text, as it is typed. */
export type Chosen = Readonly<Record<NumberOption, string> & { kind: Kind; value: string; format: Applied["format"]; choices: Choices }>;

const NOTHING = { maxWidth: "", maxHeight: "", startSeconds: "", endSeconds: "" };
export const DEFAULTS: Chosen = { kind: "framesPerSecond", value: FIRST.framesPerSecond, format: "JPEG", quality: "90", choices: NO_CHOICES, ...NOTHING };

/** What the API takes. */
export function optionsOf(chosen: Chosen): NonNullable<Options> {
  const { kind, value, format } = chosen;
  const numbers = NUMBERS.map((name) => [name, chosen[name] === "" ? null : Number(chosen[name])]);
  const select = { [kind]: selected(kind, value) } as NonNullable<NonNullable<Options>["select"]>;
  return { select, format, ...Object.fromEntries(numbers), ...(format === "PNG" ? { quality: null } : {}), ...givenOf(chosen.choices, kind) };
}

/** The instants that stand in a field, in seconds. */
export const timesIn = (text: string): number[] => text.split(/[\s;]+/).filter(Boolean).map(Number);

function selected(kind: Kind, value: string): number | number[] | true {
  if (kind === "timestamps") return timesIn(value);
  return kind === "keyframesOnly" || Number(value);
}

/** The form filled in with what the API says was applied. */
export function chosenOf(applied: Applied): Chosen {
  const { select, format } = applied;
  const kind = KINDS.find((name) => select[name] !== null) ?? "framesPerSecond";
  const value = select[kind];
  const text = Array.isArray(value) ? value.join(" ") : typeof value === "number" ? String(value) : "";
  const numbers = NUMBERS.map((name) => [name, String(applied[name] ?? DEFAULTS[name])]);
  return { ...DEFAULTS, kind, value: text, format, choices: choicesOf(applied), ...Object.fromEntries(numbers) };
}
