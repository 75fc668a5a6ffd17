// What the account says; whoever does not open it does not load this.

import type { Language } from "../texts/words.ts";
import { useWords } from "../ui/page.ts";
import { en, type Texts } from "./texts.en.ts";
import { ptBR } from "./texts.pt-BR.ts";

export const TEXTS: Readonly<Record<Language, Texts>> = { en, "pt-BR": ptBR };

export function useTexts(): Texts {
  return TEXTS[useWords().language];
}
