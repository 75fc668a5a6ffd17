// The rarer options of a film's pictures, folded away until somebody wants them.

import type { InputHTMLAttributes } from "preact";
import { useState } from "preact/hooks";
import { Field, Select } from "../ui/form.tsx";
import { useWords } from "../ui/page.ts";
import { type Aspect, ASPECTS, type Choices, NO_CHOICES } from "./choices.ts";

const SHARES = "\\s*\\d*\\.?\\d+([\\s;]+\\d*\\.?\\d+){3}\\s*";

interface ChoicesFieldsProps {
  choices: Choices;
  kind: string;
  set: (choices: Choices) => void;
  /** What the service takes of a number. */
  range: (option: string) => object;
}

export function ChoicesFields({ choices, kind, set, range }: ChoicesFieldsProps) {
  const { t } = useWords();
  const [used] = useState(() => JSON.stringify(choices) !== JSON.stringify(NO_CHOICES)); // Opened once, and then left alone.

  function input(name: "distinct" | "minSceneSeconds" | "crop", attributes: InputHTMLAttributes) {
    const onInput = (event: InputEvent): void => set({ ...choices, [name]: (event.currentTarget as HTMLInputElement).value });
    const { label, hint } = t.choices[name];
    return <Field required={false} {...attributes} label={label} hint={hint} name={name} value={choices[name]} onInput={onInput} />;
  }

  function tick(name: "sharpest" | "skipBlack") {
    const onInput = (event: InputEvent): void => set({ ...choices, [name]: (event.currentTarget as HTMLInputElement).checked });
    return (
      <label class="choice">
        <input type="checkbox" name={name} checked={choices[name]} onInput={onInput} />
        {t.choices[name]}
      </label>
    );
  }

  return (
    <details class="choices" open={used}>
      <summary>{t.choices.more}</summary>
      <div class="options">
        {input("distinct", range("distinct"))}
        {kind === "sceneChange" && input("minSceneSeconds", range("minSceneSeconds"))}
        {kind !== "keyframesOnly" && tick("sharpest")}
        {tick("skipBlack")}
        <Select
          label={t.choices.aspect}
          value={choices.aspect}
          options={ASPECTS.map((name) => [name, t.choices.aspects[name]])}
          choose={(next) => set({ ...choices, aspect: next as Aspect })}
        />
        {input("crop", { pattern: SHARES })}
      </div>
    </details>
  );
}
