// What is asked of the list, in the address: a reload keeps it, and the way back leads through it.

import { type PageStore, spoken } from "../state/page.ts";
import * as videos from "../state/videos.ts";
import { queryOf, type View, viewIn } from "../state/view.ts";
import { shown } from "../state/views.ts";

/** Milliseconds without a key, after which the service is asked. What is here already is searched at once. */
const TYPING = 250;

/** Where somebody is in the list: at the top edge lies this line, so many pixels below it; and so many were read. */
export interface Position {
  readonly key: string;
  readonly offset: number;
  readonly loaded: number;
}

interface Kept {
  position?: Position;
}

export function createLooking(store: PageStore, read: () => Promise<void>) {
  const list = store.part("list");
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Read what is asked for now, and say how much there is of it. */
  async function readNow(): Promise<void> {
    const { view } = list.now();
    await read();
    const now = list.now();
    const { t } = store.state.peek().words;
    if (now.view === view && now.reading === "idle") store.part("said").change(spoken, t.list.found(shown(now).length, now.hasOlder));
  }

  /** What is asked for now, as a link has it. */
  const place = (): string => `/${queryOf(list.now().view)}`;

  /** Ask for something else. What is typed takes the place of what stood there, all else is a step that leads back. */
  function look(by: Partial<View>): void {
    const isTyped = by.search !== undefined && Object.keys(by).length === 1;
    if (!isTyped) written();
    list.change(videos.viewed, { ...list.now().view, ...by });
    if (isTyped) {
      clearTimeout(timer);
      timer = setTimeout(typed, TYPING);
    } else {
      if (place() !== location.pathname + location.search) history.pushState(null, "", place());
      void readNow();
    }
  }

  function typed(): void {
    written();
    void readNow();
  }

  /** Write down what was typed: not at each key, for browsers let an address be changed so often and no more. */
  function written(): void {
    if (timer !== undefined && location.pathname === "/") history.replaceState(null, "", place());
    clearTimeout(timer);
    timer = undefined;
  }

  /** The address is another: ask for what it says, as far down as it was read there. */
  function follow(): void {
    if (location.pathname !== "/") return;
    const view = viewIn(location.search);
    if (queryOf(view) === queryOf(list.now().view)) return;
    clearTimeout(timer);
    timer = undefined;
    list.change(videos.viewed, view, position()?.loaded);
    void readNow();
  }

  const position = (): Position | null => (history.state as Kept | null)?.position ?? null;

  function keep(found: Omit<Position, "loaded"> | null): void {
    if (location.pathname !== "/" || (!found && !position())) return;
    const kept: Kept = found ? { position: { ...found, loaded: list.now().loaded } } : {};
    history.replaceState({ ...(history.state as Kept | null), position: undefined, ...kept }, "");
  }

  if (location.pathname === "/") list.change(videos.viewed, viewIn(location.search), position()?.loaded);
  return { look, follow, place, position, keep };
}

/** All that has to do with what is asked for. */
export type Looking = ReturnType<typeof createLooking>;
