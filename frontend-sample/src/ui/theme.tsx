// Light or dark, by choice.

import { type Theme, THEMES } from "../state/page.ts";
import { usePage, useStore, useWords } from "./page.ts";

export function ThemeSelect() {
  const { t } = useWords();
  const { chooseTheme } = usePage();
  const theme = useStore((state) => state.theme);
  return (
    <select aria-label={t.theme} value={theme} onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}>
      {THEMES.map((one) => (
        <option key={one} value={one}>{t.themes[one]}</option>
      ))}
    </select>
  );
}
