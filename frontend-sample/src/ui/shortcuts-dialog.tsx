// All keys that do something, and whether they do: who speaks to the machine may say a letter without meaning it.

import { useRef } from "preact/hooks";
import { Dialog } from "./controls.tsx";
import { usePage, useStore, useWords } from "./page.ts";
import { TEXTS } from "./shortcuts-texts.ts";

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { t, language } = useWords();
  const { allowShortcuts } = usePage();
  const isOn = useStore((state) => state.shortcuts);
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <Dialog dialog={dialog} class="shortcuts" id="shortcuts-title" title={t.shortcuts} onClose={onClose}>
      {TEXTS[language].groups.map(({ title, keys }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl>
            {keys.map(([key, does]) => (
              <div key={key}>
                <dt>{key.split(" ").map((one) => <kbd key={one}>{one}</kbd>)}</dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <label class="choice">
        <input type="checkbox" checked={isOn} onChange={(event) => allowShortcuts(event.currentTarget.checked)} />
        <span>{TEXTS[language].on}</span>
      </label>
    </Dialog>
  );
}
