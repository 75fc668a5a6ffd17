// What can be done with all lines that are chosen.

import { useEffect, useRef } from "preact/hooks";
import { Links } from "../api/links.ts";
import { linked } from "../api/places.ts";
import { choiceOf, choose } from "../state/choice.ts";
import { ActionButton } from "../ui/controls.tsx";
import { download } from "../ui/download.ts";
import { usePage, useStore, useWords } from "../ui/page.ts";

/** Milliseconds between two downloads: browsers pass over the next one while they begin the one before. */
const APART = 400;

export function Chosen() {
  const { t } = useWords();
  const { ask, list, store, shownEntries } = usePage();
  const now = useStore((state) => state.list);
  const { entries, ready, unfinished } = choiceOf(now, shownEntries.value);
  const none = (): void => store.part("list").change(choose, []);

  useEffect(() => {
    const leave = ({ key, defaultPrevented }: KeyboardEvent): void => {
      if (key === "Escape" && !defaultPrevented && !document.querySelector("dialog[open]")) none();
    };
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, []);

  async function save(): Promise<void> {
    for (const { key, video } of ready) {
      await list.attempt(key, async () => {
        const { answer, problem } = await ask(Links, { id: video!.id });
        if (answer?.result) download(linked(answer.result.downloadUrl));
        return problem;
      });
      await new Promise((resolve) => setTimeout(resolve, APART));
    }
  }

  if (entries.length === 0) return now.together.length > 0 ? <Removed count={now.together.length} /> : null;
  return (
    <div class="chosen" role="group" aria-label={t.list.chosen(entries.length)}>
      <strong>{t.list.chosen(entries.length)}</strong>
      <span class="space" />
      {ready.length > 0 && (
        <ActionButton class="primary" onAction={save}>{t.list.download(ready.length)}</ActionButton>
      )}
      {unfinished.length > 0 && (
        <ActionButton onAction={() => list.several.cancel(unfinished)}>{t.list.cancel(unfinished.length)}</ActionButton>
      )}
      <button type="button" onClick={() => list.several.remove(entries)}>{t.list.remove(entries.length)}</button>
      <button type="button" onClick={none}>{t.list.chooseNone}</button>
    </div>
  );
}

function Removed({ count }: { count: number }) {
  const { t } = useWords();
  const { list } = usePage();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <div class="chosen">
      <span>{t.list.removed(count)}</span>
      <span class="space" />
      <button type="button" ref={button} onClick={list.several.undo}>{t.undo}</button>
    </div>
  );
}
