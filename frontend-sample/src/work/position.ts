// Where somebody is in the list: kept in the address' own memory, so that a reload and the way back lead there again.

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { View } from "../state/view.ts";
import { usePage, useStore } from "../ui/page.ts";

/** Milliseconds between two looks while it moves: browsers let the memory be changed so often and no more. */
const EVERY = 400;
/** Frames in which the lines above may still get their true height. */
const FRAMES = 5;

export function usePosition(rows: RefObject<HTMLElement | null>): void {
  const { looking, store } = usePage();
  const view = useStore(({ list }) => list.view);
  /** As far down as it was read before. */
  const isRead = useStore(({ list }) => list.cursor !== null);
  /** For which view that is done. */
  const restored = useRef<View | null>(null);

  useEffect(() => {
    const { scrollRestoration } = history;
    history.scrollRestoration = "manual";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      timer = undefined;
      if (restored.current === store.state.peek().list.view) looking.keep(topOf(rows.current!));
    };
    const moved = (): void => void (timer ??= setTimeout(look, EVERY));
    addEventListener("scroll", moved, { passive: true });
    return () => {
      clearTimeout(timer);
      removeEventListener("scroll", moved);
      history.scrollRestoration = scrollRestoration;
    };
  }, []);

  useEffect(() => {
    if (!isRead || restored.current === view) return;
    restored.current = view;
    const position = looking.position();
    if (position) void goTo(rows.current!, position.key, position.offset);
  }, [isRead, view]);
}

/** The line at the window's upper edge; null where the list's begin is in sight. */
function topOf(rows: HTMLElement): { key: string; offset: number } | null {
  if (rows.getBoundingClientRect().top >= 0) return null;
  const row = document.elementsFromPoint(innerWidth / 2, 12).find((one) => one.parentElement === rows) as HTMLElement | undefined;
  return row?.dataset["key"] ? { key: row.dataset["key"], offset: Math.round(row.getBoundingClientRect().top) } : null;
}

/** Lines that were never seen are as high as they are thought to be: once they come into sight, that is looked at again. */
async function goTo(rows: HTMLElement, key: string, offset: number): Promise<void> {
  for (let frame = 0; frame < FRAMES; frame++) {
    const row = rows.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (row) scrollBy(0, row.getBoundingClientRect().top - offset);
    await new Promise(requestAnimationFrame);
  }
}
