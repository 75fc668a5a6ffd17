// The way in for files: a button, and the whole window.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { texts } from "../ui/language.ts";

interface DropCardProps {
  /** Endings of the files that are accepted, without the dot. */
  kinds: readonly string[];
  hint: string;
  onFiles: (files: File[]) => void;
}

export function DropCard({ kinds, hint, onFiles }: DropCardProps) {
  const t = texts.value;
  const over = useSignal(false);
  const unreadable = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(onFiles);
  latest.current = onFiles;

  useEffect(() => {
    const listening = new AbortController();
    const { signal } = listening;
    // A drag enters each element that it passes; what counts is whether any of them is still entered.
    let depth = 0;
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    addEventListener("dragenter", (event) => (over.value = carriesFiles(event) && ++depth > 0), { signal });
    addEventListener("dragleave", (event) => (over.value = carriesFiles(event) && --depth > 0), { signal });
    addEventListener("dragover", (event) => event.preventDefault(), { signal });
    addEventListener(
      "drop",
      async (event) => {
        event.preventDefault();
        depth = 0;
        over.value = false;
        unreadable.value = 0;
        if (event.dataTransfer) latest.current(await dropped(event.dataTransfer.items, () => unreadable.value++));
      },
      { signal },
    );
    return () => listening.abort();
  }, []);

  return (
    <section class="card drop" data-over={over.value}>
      <p class="big">{over.value ? t.dropHere : t.drop}</p>
      <button type="button" class="primary" onClick={() => input.current?.click()}>
        {t.choose}
      </button>
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
      <p role="alert" class="problem">
        {unreadable.value > 0 && t.unreadable(unreadable.value)}
      </p>
    </section>
  );
}

/** The files that were dropped, with those in folders; `skipped` is told of each that cannot be read, one by one. */
async function dropped(items: DataTransferItemList, skipped: () => void): Promise<File[]> {
  // All must be asked before anything is waited for: the list is gone after the event.
  const found = [...items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  return filesOfAll(found, skipped);
}

async function filesOfAll(found: readonly (FileSystemEntry | File | null)[], skipped: () => void): Promise<File[]> {
  const files = found.map((one) =>
    filesOf(one, skipped).catch(() => {
      skipped();
      return [];
    }),
  );
  return (await Promise.all(files)).flat();
}

async function filesOf(found: FileSystemEntry | File | null, skipped: () => void): Promise<File[]> {
  if (!found) return [];
  if (found instanceof File) return [found];
  if (found.isFile) return [await new Promise<File>((resolve, reject) => (found as FileSystemFileEntry).file(resolve, reject))];
  const reader = (found as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => {
      skipped();
      return [];
    });
    if (entries.length === 0) return files.filter(({ name }) => !name.startsWith("."));
    files.push(...(await filesOfAll(entries, skipped)));
  }
}
