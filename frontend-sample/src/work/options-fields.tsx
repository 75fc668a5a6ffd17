// The form of the options, with good defaults: the same for an upload and for processing again.

import type { Signal } from "@preact/signals";
import type { InputHTMLAttributes } from "preact";
import { Field, Select } from "../ui/form.tsx";
import { useStore, useWords } from "../ui/page.ts";
import { type Chosen, FIRST, FORMATS, type Kind, KINDS, type NumberOption } from "./options.ts";

const TIMESTAMPS = "\\s*\\d+(\\.\\d+)?([\\s;]+\\d+(\\.\\d+)?)*\\s*";

export function OptionsFields({ chosen }: { chosen: Signal<Chosen> }) {
  const { t } = useWords();
  const ranges = useStore(({ limits }) => limits?.optionRanges);
  const { kind, format } = chosen.value;
  const set = (change: Partial<Chosen>): void => void (chosen.value = { ...chosen.value, ...change });

  /** What the service takes, as far as that is known by now. */
  function range(option: string): object {
    const found = ranges?.find((one) => one.option === option);
    return { type: "number", min: found?.minimum ?? undefined, max: found?.maximum ?? undefined, step: found?.wholeNumber ? 1 : "any" };
  }

  function input(name: NumberOption | "value", label: string, attributes: InputHTMLAttributes) {
    const onInput = (event: InputEvent): void => set({ [name]: (event.currentTarget as HTMLInputElement).value });
    return <Field required={false} {...attributes} label={label} name={name} value={chosen.value[name]} onInput={onInput} />;
  }

  return (
    <div class="options">
      <Select
        label={t.frames}
        value={kind}
        options={KINDS.map((name) => [name, t.select[name]])}
        choose={(next) => set({ kind: next as Kind, value: FIRST[next as Kind] })}
      />
      {kind === "timestamps" && input("value", t.timestampsHint, { required: true, pattern: TIMESTAMPS })}
      {kind !== "timestamps" && kind !== "keyframesOnly" && input("value", t.selectValue, { required: true, ...range(kind) })}
      <Select
        label={t.format}
        value={format}
        options={FORMATS.map((name) => [name, name])}
        choose={(next) => set({ format: next as Chosen["format"] })}
      />
      {format !== "PNG" && input("quality", t.quality, { required: true, ...range("quality") })}
      {input("maxWidth", t.maxWidth, range("maxWidth"))}
      {input("maxHeight", t.maxHeight, range("maxHeight"))}
      {input("startSeconds", t.from, range("startSeconds"))}
      {input("endSeconds", t.to, range("endSeconds"))}
    </div>
  );
}
