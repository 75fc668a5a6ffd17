// The form of the options, with good defaults: the same for an upload and for processing again.

import type { InputHTMLAttributes } from "preact";
import type { Words } from "../texts/words.ts";
import { Field, Select } from "../ui/form.tsx";
import { useStore, useWords } from "../ui/page.ts";
import { ChoicesFields } from "./choices-fields.tsx";
import { type Chosen, FIRST, FORMATS, type Kind, KINDS, type NumberOption } from "./options.ts";
import type { Wrong, Wrongs } from "./review/checked.ts";
import { reviewTexts } from "./review/texts.ts";

const TIMESTAMPS = "\\s*\\d+(\\.\\d+)?([\\s;]+\\d+(\\.\\d+)?)*\\s*";

/** `wrongs` are said at their fields. */
export function OptionsFields({ chosen, wrongs = {} }: { chosen: { value: Chosen }; wrongs?: Wrongs }) {
  const words = useWords();
  const { t } = words;
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
    const problem = wrongs[name] && wrongText(wrongs[name], words);
    return <Field required={false} {...attributes} label={label} name={name} value={chosen.value[name]} problem={problem} onInput={onInput} />;
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
      <ChoicesFields choices={chosen.value.choices} kind={kind} range={range} set={(choices) => set({ choices })} />
    </div>
  );
}

function wrongText(wrong: Wrong, { t, number, language }: Words): string {
  const { wrong: texts } = reviewTexts(language);
  switch (wrong.why) {
    case "range":
      return Number.isFinite(wrong.maximum) ? texts.range(number(wrong.minimum), number(wrong.maximum)) : texts.least(number(wrong.minimum));
    case "tooMany":
      return texts.tooMany(number(wrong.found), number(wrong.most));
    case "refused":
      return language === "en" && wrong.message ? wrong.message : t.problems.INVALID_INPUT;
    default:
      return texts[wrong.why];
  }
}
