// What is worth saying of a change to whoever does not look.

import type { Problem } from "../api/graphql.ts";
import { isUnfinished, type Video } from "../api/video.ts";
import { type Entry, type List, nameOf } from "./list.ts";

export type Announcement =
  | { kind: "added"; count: number }
  | { kind: "removed"; name: string }
  | { kind: "removedTogether"; count: number }
  | { kind: "ended"; video: Video }
  /** What the user began has failed. */
  | { kind: "failed"; name: string; problem: Problem };

export function announced(before: List, after: List): Announcement[] {
  if (before.entries === after.entries) return [];
  const known = new Map(before.entries.map((entry) => [entry.key, entry]));
  const changes = after.entries.flatMap((entry) => ofEntry(known.get(entry.key), entry));
  if (after.together.length > 0 && after.together !== before.together) {
    changes.push({ kind: "removedTogether", count: after.together.length });
  }
  const count = after.entries.filter(({ key, upload }) => upload && upload.phase !== "left" && !known.has(key)).length;
  return count > 0 ? [{ kind: "added", count }, ...changes] : changes;
}

function ofEntry(was: Entry | undefined, is: Entry): Announcement[] {
  if (was === is) return [];
  const name = nameOf(is);
  if (is.removed === "hidden" && !was?.removed) return [];
  if (is.removed && !was?.removed) return [{ kind: "removed", name }];
  // That it is deleted was said already.
  if ((was?.removed === "sent" || was?.removed === "hidden") && is.problem) return [{ kind: "failed", name, problem: is.problem }];
  if (was?.video && is.video && isUnfinished(was.video) && !isUnfinished(is.video)) return [{ kind: "ended", video: is.video }];
  const problem = is.upload?.problem;
  return problem && problem !== was?.upload?.problem ? [{ kind: "failed", name, problem }] : [];
}
