// The texts are loaded by language: those of another one never are.

import type { Texts } from "./en.ts";
import { type Language, Words } from "./words.ts";

const TEXTS: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => (await import("./en.ts")).en,
  "pt-BR": async () => (await import("./pt-BR.ts")).ptBR,
};

/** The words of a language. Rejects where they cannot be loaded now. */
export async function wordsIn(language: Language): Promise<Words> {
  return new Words(language, await TEXTS[language]());
}
