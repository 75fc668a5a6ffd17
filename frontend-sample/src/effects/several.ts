// What the user does with many videos at once.

import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { videoFields } from "../api/video.ts";
import type { Entry } from "../state/list.ts";
import type { PageStore } from "../state/page.ts";
import * as videos from "../state/videos.ts";
import type { Ask } from "./client.ts";

const CancelVideos = graphql(
  `mutation CancelVideos($input: VideosInput!) {
    cancelVideos(input: $input) { id video { ...VideoFields } problem { ...ProblemFields } }
  }`,
  [videoFields, problemFields],
);

const DeleteVideos = graphql(
  `mutation DeleteVideos($input: VideosInput!) { deleteVideos(input: $input) { id problem { ...ProblemFields } } }`,
  [problemFields],
);

/** So many may be named in one request. */
const AT_ONCE = 100;
const UNDO_WITHIN = 8000;

export function createSeveral(store: PageStore, ask: Ask) {
  const list = store.part("list");
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Those that the service names, by the keys of their lines; what it does not know any more has none. */
  const partsOf = (entries: readonly Entry[]): string[][] => {
    const ids = entries.flatMap(({ video }) => video?.id ?? []);
    return Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, part) => ids.slice(part * AT_ONCE, (part + 1) * AT_ONCE));
  };

  async function cancel(entries: readonly Entry[]): Promise<void> {
    const { era } = list.now();
    const keys = new Map(entries.map(({ key, video }) => [video?.id, key]));
    for (const ids of partsOf(entries)) {
      const { answer, problem } = await ask(CancelVideos, { input: { ids } });
      list.change(videos.told, (answer ?? []).flatMap(({ video }) => video ?? []), era);
      const refused = answer ?? ids.map((id) => ({ id, problem }));
      for (const one of refused) if (one.problem) list.change(videos.cancelFailed, keys.get(one.id) ?? "", one.problem);
    }
  }

  /** Delete videos, but not at once: `undo` takes them back. */
  function remove(entries: readonly Entry[]): void {
    void removeNow();
    list.change(videos.removedTogether, entries.map(({ key }) => key));
    timer = setTimeout(removeNow, UNDO_WITHIN);
  }

  function undo(): void {
    clearTimeout(timer);
    list.change(videos.restoredTogether);
  }

  /** Do at once what was put off. */
  async function removeNow(): Promise<void> {
    clearTimeout(timer);
    const { entries, together, era } = list.now();
    if (together.length === 0) return;
    const removed = entries.filter(({ key }) => together.includes(key));
    list.change(videos.sentTogether);
    const keys = new Map(removed.map(({ key, video }) => [video?.id, key]));
    const sent = partsOf(removed).map(async (ids) => {
      // The page may be about to close: the requests outlive it.
      const { answer, problem } = await ask(DeleteVideos, { input: { ids } }, { fetchOptions: { keepalive: true } });
      const outcomes: readonly { id: string; problem: Problem | null }[] = answer ?? ids.map((id) => ({ id, problem }));
      for (const one of outcomes) list.change(videos.removalAnswered, keys.get(one.id) ?? "", one.problem, era);
    });
    await Promise.all(sent);
  }

  return { cancel, remove, undo, removeNow };
}
