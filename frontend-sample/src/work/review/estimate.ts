// How large the ZIP will be and how long it will take: estimates, and called that. Three pictures of the film, encoded by the
// browser, say how much detail it has; the tables below, taken from what the service makes of real films, say what becomes of
// that by format, quality and size. Time is decoding and encoding by the pixel, at the pace of the user's last videos.
// bench/page_estimates.py holds both against what comes of it.

import type { Chosen } from "../options.ts";
import { partOf } from "./count.ts";
import { type Film, intervalOf } from "./film.ts";

type Format = Chosen["format"];

/** How many bits the browser's own JPEG takes for a pixel of a usual picture, where nothing was looked at. */
const USUAL_DETAIL = 1.6;
/** How that goes on with quality, beside the browser's at 0.9. Ours is coarse: from 98 on it is as good as it gets. */
const BY_QUALITY: Readonly<Record<Format, readonly (readonly [quality: number, share: number])[]>> = {
  JPEG: [[1, 0.15], [20, 0.2], [50, 0.33], [75, 0.5], [90, 0.87], [98, 1.34], [100, 1.34]],
  WEBP: [[1, 0.08], [20, 0.17], [50, 0.29], [75, 0.45], [90, 0.7], [98, 1.33], [100, 1.8]],
  PNG: [[1, 6.7], [100, 6.7]],
};
/** A picture that is scaled down has more in each of its pixels: by this power of how much smaller it is. */
const SHRUNK: Readonly<Record<Format, number>> = { JPEG: 0.63, WEBP: 0.63, PNG: 0.3 };
/** What each picture takes whatever is in it, and what the manifest takes without any. */
const EACH = 150;
const ONCE = 3000;

/** Seconds of one core: to begin, for each megapixel that is decoded, and for each that is encoded. */
const BEGIN = 0.9;
const DECODING = 0.004;
const ENCODING: Readonly<Record<Format, number>> = { JPEG: 0.02, WEBP: 0.12, PNG: 0.09 };

/** What a page has measured: how fast files are sent, in bytes a second, and how the service's pace is to the usual one. */
export interface Speed {
  readonly uplink: number | null;
  readonly pace: number;
}

/** How much smaller pictures are made than the film is: scaled down to fit, never up. */
function scaleOf({ width, height }: Film, { maxWidth, maxHeight }: Chosen): number {
  return Math.min(1, (Number(maxWidth) || width) / width, (Number(maxHeight) || height) / height);
}

function share({ format, quality }: Chosen): number {
  const table = BY_QUALITY[format];
  const wanted = Math.min(Math.max(Number(quality) || 90, 1), 100);
  const place = Math.max(table.findIndex(([at]) => at >= wanted), 1);
  const [[low, least], [high, most]] = [table[place - 1]!, table[place]!];
  return least + ((most - least) * (wanted - low)) / (high - low);
}

/** Bytes of the ZIP with so many pictures. */
export function bytesOf(film: Film, chosen: Chosen, files: number): number {
  const scale = scaleOf(film, chosen);
  const bits = (film.detail ?? USUAL_DETAIL) * share(chosen) * scale ** -SHRUNK[chosen.format];
  return ONCE + files * (EACH + (film.width * film.height * scale ** 2 * bits) / 8);
}

/** Seconds that the service works on a film, at its usual pace. */
export function workOf(film: Film, chosen: Chosen, files: number): number {
  const pixels = film.width * film.height;
  const { start, stop } = partOf(chosen);
  const part = Math.max(Math.min(stop, film.duration) - start, 0) / intervalOf(film);
  const decoded = chosen.kind === "keyframesOnly" ? files : part;
  return BEGIN + (pixels * (decoded * DECODING + files * scaleOf(film, chosen) ** 2 * ENCODING[chosen.format])) / 1e6;
}

/** Seconds until all is done: the files are sent one beside the other, and each is worked on when it is there. */
export const secondsOf = (bytes: number, work: number, { uplink, pace }: Speed): number => (uplink ? bytes / uplink : 0) + work * pace;

/** The middle of what was measured beside what was estimated; 1 where nothing was, and never far from that. */
export function paceOf(measured: readonly { actual: number; estimated: number }[]): number {
  const ratios = measured.map(({ actual, estimated }) => actual / estimated).sort((a, b) => a - b);
  return Math.min(Math.max(ratios[Math.floor(ratios.length / 2)] ?? 1, 0.1), 20);
}
