// The way in for files: a button, and the whole window.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../ui/page.ts";
import { useShortcuts } from "../ui/shortcuts.ts";

/** `kinds` are the endings of the files that are accepted, without the dot. */
export function DropCard({ kinds, hint, onFiles }: { kinds: readonly string[]; hint: string; onFiles: (files: File[]) => void }) {
  const { t } = useWords();
  const over = useSignal(false);
  const unreadable = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  const choose = (): void => input.current?.click();
  useShortcuts({ u: choose });

  useEffect(() => {
    const listening = new AbortController();
    const { signal } = listening;
    // A drag enters each element that it passes; what counts is whether any of them is still entered.
    let depth = 0;
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    addEventListener("dragenter", (event) => (over.value = carriesFiles(event) && ++depth > 0), { signal });
    addEventListener("dragleave", (event) => (over.value = carriesFiles(event) && --depth > 0), { signal });
    addEventListener("dragover", (event) => event.preventDefault(), { signal });
    const take = async (event: DragEvent): Promise<void> => {
      event.preventDefault();
      depth = 0;
      over.value = false;
      unreadable.value = 0;
      if (event.dataTransfer) latest.current(await dropped(event.dataTransfer.items, () => unreadable.value++));
    };
    addEventListener("drop", take, { signal });
    return () => listening.abort();
  }, []);

  return (
    <section class="card drop">
      {over.value && <DropHere />}
      <p class="big">{t.drop}</p>
      <button type="button" class="primary" onClick={choose}>{t.choose}</button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t.choose}
        accept={kinds.map((kind) => `.${kind}`).join(",")}
        onChange={(event) => {
          unreadable.value = 0;
          latest.current([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <p class="hint">{hint}</p>
      <p role="alert" class="problem">{unreadable.value > 0 && t.unreadable(unreadable.value)}</p>
    </section>
  );
}

/** Over all that is there, wherever the page stands and whatever is open, a video's page too: what is let go now is taken. */
function DropHere() {
  const { t } = useWords();
  useEffect(() => {
    const cover = document.createElement("div");
    cover.className = "drop-here";
    cover.popover = "manual";
    cover.textContent = t.dropHere;
    document.body.append(cover);
    cover.showPopover?.();
    return () => cover.remove();
  }, []);
  return null;
}

/** The files that were dropped, with those in folders; `skipped` is told of each that cannot be read, one by one. */
async function dropped(items: DataTransferItemList, skipped: () => void): Promise<File[]> {
  // All must be asked before anything is waited for: the list is gone after the event.
  return filesOf([...items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile()), skipped);
}

async function filesOf(found: readonly (FileSystemEntry | File | null)[], skipped: () => void): Promise<File[]> {
  const none = (): [] => {
    skipped();
    return [];
  };
  const files = found.map(async (one): Promise<File[]> => {
    if (!one || one instanceof File) return one ? [one] : [];
    if (one.isFile) return new Promise<File>((...take) => (one as FileSystemFileEntry).file(...take)).then((file) => [file], none);
    const reader = (one as FileSystemDirectoryEntry).createReader();
    const within: File[] = [];
    for (;;) {
      const entries = await new Promise<FileSystemEntry[]>((...take) => reader.readEntries(...take)).catch(none);
      if (entries.length === 0) return within.filter(({ name }) => !name.startsWith("."));
      within.push(...(await filesOf(entries, skipped)));
    }
  });
  return (await Promise.all(files)).flat();
}
