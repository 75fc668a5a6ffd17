// What is shown of the list.

import { isUnfinished } from "../api/video.ts";
import type { Entry, List } from "./list.ts";
import { isActive } from "./uploads.ts";

/**
 * The list as it is shown. The word of a new video may come before the answer to its upload: until then it is that upload's
 * line, and has none of its own.
 */
export function shown({ entries, sending }: List): readonly Entry[] {
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
