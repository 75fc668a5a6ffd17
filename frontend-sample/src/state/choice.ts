// Which lines are chosen, to do the same with all of them.

import { isExpired, isUnfinished } from "../api/video.ts";
import type { Entry, List } from "./list.ts";

/** Choose a line or leave it out; with `range` all from the one that was touched last, as they are shown. */
export function toggled(list: List, key: string, shown: readonly string[], range: boolean, anchor = list.anchor): List {
  const isChosen = !list.chosen.has(key);
  const [from, to] = [shown.indexOf(anchor ?? ""), shown.indexOf(key)];
  const keys = range && from >= 0 && to >= 0 ? shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [key];
  const chosen = new Set(list.chosen);
  for (const one of keys) isChosen || range ? chosen.add(one) : chosen.delete(one);
  return { ...list, chosen, anchor: key };
}

/** Choose all of these and no others. */
export const choose = (list: List, keys: readonly string[]): List => ({ ...list, chosen: new Set(keys), anchor: null });

export interface Choice {
  readonly entries: readonly Entry[];
  readonly ready: readonly Entry[];
  readonly unfinished: readonly Entry[];
}

/** What is chosen of what is shown, and what can be done with which of it: what went elsewhere is not chosen any more. */
export function choiceOf({ chosen }: List, shown: readonly Entry[]): Choice {
  const entries = chosen.size === 0 ? [] : shown.filter(({ key, video, removed }) => chosen.has(key) && video && !removed);
  return {
    entries,
    ready: entries.filter(({ video }) => video!.status === "COMPLETED" && !isExpired(video!)),
    unfinished: entries.filter(({ video }) => isUnfinished(video!)),
  };
}
