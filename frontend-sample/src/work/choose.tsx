// The box that chooses a line: by mouse and touch, with the shift key a range, and by keyboard from line to line.

import { choose, toggled } from "../state/choice.ts";
import { usePage, useStore, useWords } from "../ui/page.ts";

export function Choose({ of: key, name }: { of: string; name: string }) {
  const { t } = useWords();
  const { store, lines } = usePage();
  const isChosen = useStore(({ list }) => list.chosen.has(key));
  const list = store.part("list");
  const keys = (): string[] => lines.peek().map((line) => line.key);

  function click(event: MouseEvent & { currentTarget: HTMLInputElement }): void {
    list.change(toggled, key, keys(), event.shiftKey);
    // Of a range the box may stay as it was, whatever the browser makes of the click.
    event.currentTarget.checked = list.now().chosen.has(key);
  }

  function move(event: KeyboardEvent & { currentTarget: HTMLInputElement }): void {
    const isAll = event.key === "a" && (event.ctrlKey || event.metaKey);
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key] as "nextElementSibling" | undefined;
    if (!isAll && !step) return;
    event.preventDefault();
    if (isAll) return list.change(choose, keys());
    let row = event.currentTarget.closest("li")?.[step!] ?? null;
    while (row && !row.querySelector(".choose")) row = row[step!];
    const box = row?.querySelector<HTMLInputElement>(".choose");
    box?.focus();
    if (event.shiftKey && row instanceof HTMLElement && row.dataset["key"]) {
      list.change(toggled, row.dataset["key"], keys(), true, list.now().anchor ?? key);
    }
  }

  return (
    <input
      type="checkbox"
      class="choose"
      aria-label={t.actionOn(t.list.choose, name)}
      checked={isChosen}
      onClick={click}
      onKeyDown={move}
    />
  );
}
