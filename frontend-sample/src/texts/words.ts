// The page's words in one language: its texts, and sentences, numbers, sizes and times.

import type { Problem } from "../api/graphql.ts";
import type { Video } from "../api/video.ts";
import type { Texts } from "./en.ts";
import { type Saying, SAYINGS } from "./sayings.ts";

export type Language = "en" | "pt-BR";

export const LANGUAGES: Readonly<Record<Language, { name: string; locale: "EN" | "PT_BR" }>> = {
  en: { name: "English", locale: "EN" },
  "pt-BR": { name: "Português", locale: "PT_BR" },
};

/** The first of these that the page speaks, else English. */
export function languageOf(tags: readonly (string | null)[]): Language {
  const known = tags.find((tag) => tag?.startsWith("pt") || tag?.startsWith("en"));
  return known?.startsWith("pt") ? "pt-BR" : "en";
}

/** What nobody is told at this page, so that nobody loads sentences for it. */
type NeverHere =
  | "NOT_AN_OPERATOR"
  | "INSUFFICIENT_SCOPE"
  | "USER_NOT_FOUND"
  | "UPLOAD_NOT_FOUND"
  | "PRESET_NOT_FOUND"
  | "BATCH_NOT_FOUND"
  | "FILE_CHANGED"
  | "STAGING_UNAVAILABLE"
  | "EXPORT_NOT_FOUND"
  | "FRAME_NOT_FOUND"
  | "FRAMES_UNREADABLE"
  | "LINK_EXPIRED"
  | "NOTIFICATION_ERROR";
type Sentences = Record<Exclude<Problem["code"], NeverHere>, string> & Partial<Record<NeverHere, string>>;

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export class Words {
  /** To make one costs a hundred times what it costs to use it, and a gallery says hundreds of numbers at once. */
  readonly #formats = new Map<string, Intl.NumberFormat>();
  /** Made once, for it takes longer than to use it. */
  readonly #moments: Intl.DateTimeFormat;

  /** `t` are the language's texts. */
  constructor(readonly language: Language, readonly t: Texts) {
    this.#moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  }

  /** Why a video could not be processed, as a sentence for the user. */
  failure = ({ code, reason }: NonNullable<Video["failure"]>): string =>
    this.#ofService(reason) ?? this.t.failures[code] ?? reason;

  /** What is the matter, as a sentence for the user. */
  sentence = ({ code, field, message, retryAfterSeconds }: Problem): string => {
    const { invalid, waitFor } = this.t;
    const problems: Sentences = this.t.problems;
    if (code === "RATE_LIMITED" && retryAfterSeconds) return waitFor(this.time(retryAfterSeconds));
    if (code === "INVALID_INPUT") return invalid[field?.at(-1) ?? ""] ?? problems.INVALID_INPUT;
    const ofThisFile = code === "UNSUPPORTED_FILE_FORMAT" && message ? this.#ofService(message) : undefined;
    return ofThisFile ?? problems[code] ?? problems.INTERNAL;
  };

  /** The service's own sentence in this language; undefined where it is none that says more than a code does. */
  #ofService(said: string): string | undefined {
    for (const [name, pattern] of Object.entries(SAYINGS) as [Saying, RegExp][]) {
      const found = pattern.exec(said);
      if (found) return this.t.ofService?.(name, found.slice(1)) ?? said;
    }
    return undefined;
  }

  number = (value: number, options: Intl.NumberFormatOptions = {}): string => {
    const key = JSON.stringify(options);
    const format = this.#formats.get(key) ?? new Intl.NumberFormat(this.language, options);
    this.#formats.set(key, format);
    return format.format(value);
  };

  /** Bytes in the unit that fits, always with one digit after the point, so that it does not jump. */
  size = (bytes: number): string => {
    const power = powerOf(bytes);
    return this.#inUnit(bytes, power, { style: "unit", unit: UNITS[power]!, unitDisplay: power === 0 ? "narrow" : "short" });
  };

  /** So many of so many bytes, both in the unit of all. */
  share = (bytes: number, all: number): string => `${this.#inUnit(bytes, powerOf(all), {})} / ${this.size(all)}`;

  #inUnit(bytes: number, power: number, style: Intl.NumberFormatOptions): string {
    const digits = power === 0 ? 0 : 1;
    return this.number(bytes / 1000 ** power, { ...style, minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  /** How long something lasts, as players show it: 0:07, 1:01, 1:02:03; below a second in its tenths. */
  duration = (seconds: number): string => {
    if (seconds < 0.95) return this.number(seconds, { style: "unit", unit: "second", maximumFractionDigits: 1 });
    const whole = Math.round(seconds);
    const [first, ...rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].slice(whole < 3600 ? 1 : 0);
    return [first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
  };

  /** How long to wait, in the unit that fits, and not too short. */
  time = (seconds: number): string => {
    const [value, unit] = seconds < 60 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
    return this.number(Math.ceil(value), { style: "unit", unit, unitDisplay: "short" });
  };

  moment = (instant: string): string => this.#moments.format(new Date(instant));
}

function powerOf(bytes: number): number {
  return bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
}
