// What is shown of the list.

import { isUnfinished } from "../api/video.ts";
import type { Entry, List } from "./list.ts";
import { beyond, comparer, matcher } from "./matching.ts";
import { isActive } from "./uploads.ts";
import { isNarrowed } from "./view.ts";

/**
 * The list as it is asked for: what is on its way stands above. The newest come by themselves, from wherever they are; in
 * any other order what lies behind all that was read waits until it is its turn.
 */
export function shown(list: List): readonly Entry[] {
  const entries = listed(list).filter(({ removed }) => removed !== "hidden");
  const { view } = list;
  const isWanted = matcher(view);
  if (view.sort === "newest") return isNarrowed(view) ? entries.filter((entry) => !entry.video || isWanted(entry)) : entries;
  const isBeyond = beyond(list);
  const videos = entries.filter((entry) => entry.video && isWanted(entry) && !isBeyond(entry));
  return [...entries.filter(({ video }) => !video), ...videos.sort(comparer(view.sort))];
}

/** One line of the list: a file's first run, and how many more there are, or one of those. */
export interface Line {
  readonly key: string;
  readonly others: number;
  readonly isOpen: boolean;
  readonly isRun: boolean;
}

/** The lines of what is shown: of several runs of one file the first stands for all, until they are asked for. */
export function linesOf(entries: readonly Entry[], opened: ReadonlySet<string>): readonly Line[] {
  const runs = new Map<string, Entry[]>();
  for (const entry of entries) {
    const file = entry.video?.fileId ?? entry.key;
    const known = runs.get(file);
    if (known) known.push(entry);
    else runs.set(file, [entry]);
  }
  return [...runs].flatMap(([file, [first, ...others]]): Line[] => {
    const isOpen = others.length > 0 && opened.has(file);
    const line = { key: first!.key, others: others.length, isOpen, isRun: false };
    return isOpen ? [line, ...others.map(({ key }) => ({ key, others: 0, isOpen: false, isRun: true }))] : [line];
  });
}

/**
 * The word of a new video may come before the answer to its upload: until then it is that upload's
 * line, and has none of its own.
 */
function listed({ entries, sending }: List): readonly Entry[] {
  if (sending.length === 0) return entries;
  const uploading = entries.filter(({ key }) => sending.includes(key));
  const isOf = ({ arrival, video }: Entry, { arrival: before, upload }: Entry): boolean =>
    before < arrival && upload!.file.name === video?.originalFileName && upload!.file.size === video.sizeBytes;
  return entries.filter((entry) => entry.upload || !uploading.some((upload) => isOf(entry, upload)));
}

/** How far what is under way is on average, 0 to 100: an upload is the first half of its way. Null where nothing is. */
export function underWay({ entries }: List): { active: number; percent: number } | null {
  const parts = entries.flatMap(({ upload, video, removed }) => {
    if (removed) return [];
    if (video) return isUnfinished(video) ? 50 + video.progress.percent / 2 : [];
    return upload && isActive(upload) ? (50 * upload.furthest) / Math.max(upload.file.size, 1) : [];
  });
  const sum = parts.reduce((all, part) => all + part, 0);
  return parts.length > 0 ? { active: parts.length, percent: Math.floor(sum / parts.length) } : null;
}

/** Uploads that failed, where trying again may help. */
export function failedUploads({ entries }: List): readonly Entry[] {
  return entries.filter(({ upload, video }) => !video && upload?.phase === "failed");
}
