// The user's language: as chosen, else as the browser prefers; and numbers, sizes and times in it.

import { computed, effect, signal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import type { Video } from "../api/video.ts";
import { store, stored } from "../api/stored.ts";
import { en } from "../texts/en.ts";
import { ptBR } from "../texts/pt-BR.ts";
import { named } from "../texts/reasons.ts";

type Failure = NonNullable<Video["failure"]>;

export type Language = "en" | "pt-BR";
export const LANGUAGES: Record<Language, { name: string; locale: "EN" | "PT_BR" }> = {
  en: { name: "English", locale: "EN" },
  "pt-BR": { name: "Português", locale: "PT_BR" },
};
const PLACE = "fiapx.language";

function preferred(): Language {
  const chosen = stored(PLACE);
  for (const tag of [chosen, ...navigator.languages]) {
    if (tag?.startsWith("pt")) return "pt-BR";
    if (tag?.startsWith("en")) return "en";
  }
  return "en";
}

export const language = signal(preferred());
export const texts = computed(() => (language.value === "pt-BR" ? ptBR : en));
effect(() => {
  document.documentElement.lang = language.value;
});

export function choose(chosen: Language): void {
  store(PLACE, chosen);
  language.value = chosen;
}

/** Why a video could not be processed, as a sentence for the user. */
export function failureSentence({ code, reason }: Failure): string {
  return named(reason, language.value) ?? texts.value.failures[code] ?? reason;
}

/** What is the matter, as a sentence for the user. */
export function sentence(problem: Problem): string {
  const { problems, invalid, waitFor } = texts.value;
  if (problem.code === "RATE_LIMITED" && problem.retryAfterSeconds) return waitFor(time(problem.retryAfterSeconds));
  if (problem.code === "INVALID_INPUT") return invalid[problem.field?.at(-1) ?? ""] ?? problems.INVALID_INPUT;
  const ofThisFile = problem.code === "UNSUPPORTED_FILE_FORMAT" && problem.message ? named(problem.message, language.value) : undefined;
  return ofThisFile ?? problems[problem.code] ?? problems.INTERNAL;
}

export function number(value: number): string {
  return value.toLocaleString(language.value);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Bytes in the unit that fits, always with one digit after the point, so that it does not jump. */
export function size(bytes: number): string {
  const power = powerOf(bytes);
  return inUnit(bytes, power, { style: "unit", unit: UNITS[power]!, unitDisplay: power === 0 ? "narrow" : "short" });
}

/** So many of so many bytes, both in the unit of all. */
export function share(bytes: number, all: number): string {
  return `${inUnit(bytes, powerOf(all), {})} / ${size(all)}`;
}

function powerOf(bytes: number): number {
  return bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
}

function inUnit(bytes: number, power: number, style: Intl.NumberFormatOptions): string {
  const digits = power === 0 ? 0 : 1;
  const options = { ...style, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return (bytes / 1000 ** power).toLocaleString(language.value, options);
}

/** How long something lasts, as players show it: 0:07, 1:01, 1:02:03; below a second in its tenths. */
export function duration(seconds: number): string {
  if (seconds < 0.95) return seconds.toLocaleString(language.value, { style: "unit", unit: "second", maximumFractionDigits: 1 });
  const whole = Math.round(seconds);
  const [first, ...rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].slice(whole < 3600 ? 1 : 0);
  return [first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}

/** How long to wait, in the unit that fits, and not too short. */
export function time(seconds: number): string {
  const [value, unit] = seconds < 60 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return Math.ceil(value).toLocaleString(language.value, { style: "unit", unit, unitDisplay: "short" });
}

export function moment(instant: string): string {
  return new Date(instant).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });
}
