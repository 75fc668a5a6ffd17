// How many videos are in each state: asked for again after something has changed it, for what is not on the page counts too.

import { effect } from "@preact/signals";
import { graphql } from "../api/graphql.ts";
import type { List } from "../state/list.ts";
import type { PageStore } from "../state/page.ts";
import * as videos from "../state/videos.ts";
import { askedOf } from "../state/view.ts";
import type { Ask } from "./client.ts";

const Counts = graphql(
  `query Counts($search: String, $createdFrom: DateTime, $createdTo: DateTime) {
    videos(first: 1, search: $search, createdFrom: $createdFrom, createdTo: $createdTo) {
      counts { pending processing completed failed total }
    }
  }`,
);

/** Milliseconds: what changes within is asked for once. */
const AT_ONCE = 1000;

/** Begin to count. */
export function count(store: PageStore, ask: Ask): void {
  const list = store.part("list");
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isReading = false;
  let hasChanged = false;
  let before = "";

  /** One question after the other: the client answers two equal ones with one request, which may be older than the change. */
  async function read(): Promise<void> {
    timer = undefined;
    isReading = true;
    const { era, view } = list.now();
    const { search, createdFrom, createdTo } = askedOf(view);
    const { answer } = await ask(Counts, { search, createdFrom, createdTo });
    if (answer && list.now().era === era && list.now().view === view) list.change(videos.counted, answer.counts);
    isReading = false;
    if (hasChanged) readSoon();
  }

  function readSoon(): void {
    hasChanged = isReading;
    if (!isReading) timer ??= setTimeout(read, list.now().counts ? AT_ONCE : 0);
  }

  effect(() => {
    const { list: now, session } = store.state.value;
    const seen = seenOf(now);
    const isSame = seen === before;
    before = seen;
    if (!isSame && session.user && !session.isExpired) readSoon();
  });
}

/** What tells that the counts may be others: what is asked for, and how many of those that are here are in each state. */
function seenOf({ entries, view, era }: List): string {
  const counts = new Map<string, number>();
  for (const { video } of entries) if (video) counts.set(video.status, (counts.get(video.status) ?? 0) + 1);
  return JSON.stringify([era, view.search, view.from, view.to, ...counts].flat());
}
