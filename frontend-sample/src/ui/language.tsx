// In which language the page speaks.

import { useSignal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import { LANGUAGES, type Language } from "../texts/words.ts";
import { Alert } from "./controls.tsx";
import { usePage, useWords } from "./page.ts";

/** Where it is chosen; what cannot be loaded is said, and the page goes on as it is. */
export function LanguageSelect({ onChosen }: { onChosen?: (language: Language) => void }) {
  const { t, language } = useWords();
  const { choose } = usePage();
  const problem = useSignal<Problem | null>(null);

  async function change(chosen: Language): Promise<void> {
    problem.value = null;
    problem.value = await choose(chosen);
    if (!problem.value) onChosen?.(chosen);
  }

  return (
    <>
      <Alert problem={problem.value} />
      <select aria-label={t.language} value={language} onChange={(event) => change(event.currentTarget.value as Language)}>
        {Object.entries(LANGUAGES).map(([tag, { name }]) => (
          <option key={tag} value={tag} lang={tag}>{name}</option>
        ))}
      </select>
    </>
  );
}
