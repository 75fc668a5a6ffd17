// Options under names: taken from there, kept there, and forgotten.

import { useSignal } from "@preact/signals";
import { graphql, type Problem, problemFields } from "../../api/graphql.ts";
import { optionsFields } from "../../api/options.ts";
import { ActionButton, Alert } from "../../ui/controls.tsx";
import { Field, Select } from "../../ui/form.tsx";
import { useAnswer, usePage, useWords } from "../../ui/page.ts";
import { type Chosen, chosenOf, optionsOf } from "../options.ts";
import { useReviewTexts } from "./texts.ts";

const MyPresets = graphql(`query MyPresets { me { presets { id name options { ...OptionsFields } } } }`, [optionsFields]);
const KeepPreset = graphql(
  `mutation KeepPreset($input: PresetInput!) { savePreset(input: $input) { __typename ... on Preset { id } ...ProblemFields } }`,
  [problemFields],
);
const ForgetPreset = graphql(
  `mutation ForgetPreset($id: ID!) { deletePreset(id: $id) { __typename ...ProblemFields } }`,
  [problemFields],
);
const LONGEST_NAME = 100;

export function Presets({ chosen, isWrong, onChosen }: { chosen: Chosen; isWrong: boolean; onChosen: (chosen: Chosen) => void }) {
  const { t } = useWords();
  const { ask } = usePage();
  const { presets } = useReviewTexts();
  const [outcome, read] = useAnswer(MyPresets, {});
  const picked = useSignal("");
  const name = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const kept = outcome?.answer?.presets ?? [];
  const at = kept.find(({ id }) => id === picked.value);

  function pick(id: string): void {
    picked.value = id;
    const found = kept.find((preset) => preset.id === id);
    if (found) onChosen(chosenOf(found.options));
  }

  async function keep(): Promise<void> {
    const input = { name: name.value!.trim(), options: optionsOf(chosen) };
    const { answer, problem: why } = await ask(KeepPreset, { input });
    problem.value = why;
    if (!answer) return;
    name.value = null;
    await read();
    picked.value = answer.id;
  }

  async function forget(): Promise<void> {
    const { problem: why } = await ask(ForgetPreset, { id: picked.value });
    problem.value = why?.code === "PRESET_NOT_FOUND" ? null : why;
    if (problem.value) return;
    picked.value = "";
    await read();
  }

  return (
    <div class="presets">
      {kept.length > 0 && (
        <div class="beside">
          <Select
            label={presets.title}
            value={at ? picked.value : ""}
            options={[["", presets.none], ...kept.map((preset) => [preset.id, preset.name] as const)]}
            choose={pick}
          />
          {at && <ActionButton aria-label={t.actionOn(presets.forget, at.name)} onAction={forget}>{presets.forget}</ActionButton>}
        </div>
      )}
      {name.value === null ? (
        <button type="button" class="link" onClick={() => (name.value = at?.name ?? "")}>{presets.keep}</button>
      ) : (
        <div class="beside">
          <Field
            label={presets.name}
            name="preset"
            required={false}
            maxLength={LONGEST_NAME}
            value={name.value}
            onInput={({ currentTarget }) => (name.value = currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              if (name.value!.trim() && !isWrong) void keep();
            }}
          />
          <ActionButton aria-disabled={!name.value.trim() || isWrong} onAction={() => name.value?.trim() && !isWrong && keep()}>
            {t.save}
          </ActionButton>
        </div>
      )}
      <Alert problem={problem.value ?? outcome?.problem ?? null} />
    </div>
  );
}
