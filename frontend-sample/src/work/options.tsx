// How frames are taken: a form with good defaults, the same for an upload and for processing again.

import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { ResultOf } from "../api/graphql.ts";
import type { Options } from "../api/upload.ts";
import { texts } from "../ui/language.ts";
import type { optionsFields } from "./details.tsx";

const SELECTIONS = {
  framesPerSecond: { first: "1", min: 0.001, max: 240, step: "any" },
  everySeconds: { first: "5", min: 1 / 240, max: 86_400, step: "any" },
  everyNthFrame: { first: "25", min: 1, max: 1_000_000, step: "1" },
  count: { first: "20", min: 1, max: 100_000, step: "1" },
  timestamps: { first: "0 1", min: undefined, max: undefined, step: undefined },
  keyframesOnly: { first: "", min: undefined, max: undefined, step: undefined },
  sceneChange: { first: "0.3", min: 0, max: 1, step: "any" },
} as const;

type Kind = keyof typeof SELECTIONS;
const KINDS = Object.keys(SELECTIONS) as Kind[];

/** What stands in the form: text, as it is typed. */
export interface Chosen {
  kind: Kind;
  value: string;
  format: "JPEG" | "PNG" | "WEBP";
  quality: string;
  maxWidth: string;
  maxHeight: string;
  startSeconds: string;
  endSeconds: string;
}

export const DEFAULTS: Chosen = {
  kind: "framesPerSecond",
  value: SELECTIONS.framesPerSecond.first,
  format: "JPEG",
  quality: "90",
  maxWidth: "",
  maxHeight: "",
  startSeconds: "",
  endSeconds: "",
};

/** What the API takes. */
export function optionsOf(chosen: Chosen): Options {
  const { kind, value, format } = chosen;
  const number = (text: string): number | null => (text === "" ? null : Number(text));
  const selected = {
    timestamps: value.split(/[\s;]+/).filter(Boolean).map(Number),
    keyframesOnly: true,
  }[kind as string] ?? Number(value);
  return {
    select: { [kind]: selected } as NonNullable<NonNullable<Options>["select"]>,
    format,
    quality: format === "PNG" ? null : number(chosen.quality),
    maxWidth: number(chosen.maxWidth),
    maxHeight: number(chosen.maxHeight),
    startSeconds: number(chosen.startSeconds),
    endSeconds: number(chosen.endSeconds),
  };
}

/** The form filled in with what the API says was applied. */
export function chosenOf(options: ResultOf<typeof optionsFields>): Chosen {
  const kind = KINDS.find((name) => options.select[name] !== null) ?? "framesPerSecond";
  const value = options.select[kind];
  const text = (given: number | null): string => (given === null ? "" : String(given));
  return {
    kind,
    value: Array.isArray(value) ? value.join(" ") : typeof value === "number" ? String(value) : "",
    format: options.format,
    quality: text(options.quality ?? 90),
    maxWidth: text(options.maxWidth),
    maxHeight: text(options.maxHeight),
    startSeconds: text(options.startSeconds),
    endSeconds: text(options.endSeconds),
  };
}

export function summary({ kind, value, format }: Chosen): string {
  return `${texts.value.selected[kind](value)}, ${format}`;
}

export function OptionsFields({ chosen }: { chosen: Signal<Chosen> }) {
  const t = texts.value;
  const id = useId();
  const { kind, value, format } = chosen.value;
  const { min, max, step } = SELECTIONS[kind];
  const set = (change: Partial<Chosen>): void => {
    chosen.value = { ...chosen.value, ...change };
  };

  function numberField(name: "quality" | "maxWidth" | "maxHeight" | "startSeconds" | "endSeconds", label: string, limits: object) {
    return (
      <div class="field">
        <label for={id + name}>{label}</label>
        <input id={id + name} type="number" value={chosen.value[name]} onInput={(e) => set({ [name]: e.currentTarget.value })} {...limits} />
      </div>
    );
  }

  return (
    <div class="options">
      <div class="field">
        <label for={`${id}kind`}>{t.frames}</label>
        <select
          id={`${id}kind`}
          value={kind}
          onChange={(e) => {
            const next = e.currentTarget.value as Kind;
            set({ kind: next, value: SELECTIONS[next].first });
          }}
        >
          {KINDS.map((name) => (
            <option key={name} value={name}>
              {t.select[name]}
            </option>
          ))}
        </select>
      </div>
      {kind !== "keyframesOnly" && (
        <div class="field">
          <label for={`${id}value`}>{kind === "timestamps" ? t.timestampsHint : t.selectValue}</label>
          <input
            id={`${id}value`}
            required
            value={value}
            onInput={(e) => set({ value: e.currentTarget.value })}
            {...(kind === "timestamps" ? { pattern: "\\s*\\d+(\\.\\d+)?([\\s;]+\\d+(\\.\\d+)?)*\\s*" } : { type: "number", min, max, step })}
          />
        </div>
      )}
      <div class="field">
        <label for={`${id}format`}>{t.format}</label>
        <select id={`${id}format`} value={format} onChange={(e) => set({ format: e.currentTarget.value as Chosen["format"] })}>
          {["JPEG", "PNG", "WEBP"].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      {format !== "PNG" && numberField("quality", t.quality, { min: 1, max: 100, required: true })}
      {numberField("maxWidth", t.maxWidth, { min: 1, max: 16384 })}
      {numberField("maxHeight", t.maxHeight, { min: 1, max: 16384 })}
      {numberField("startSeconds", t.from, { min: 0, step: "any" })}
      {numberField("endSeconds", t.to, { min: 0, step: "any" })}
    </div>
  );
}
