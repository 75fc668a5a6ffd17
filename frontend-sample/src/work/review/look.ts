// Finding out what a film is: by its index where we can read that, else by what the browser says of it.

import type { Film } from "./film.ts";
import { readMp4 } from "./mp4.ts";

/** Milliseconds after which nothing more is expected of a browser. */
const LONGEST_WAIT = 5000;
/** Where pictures are looked at, as shares of the film. */
const PLACES = [0.2, 0.5, 0.8];
/** Pixels; larger ones tell no more. */
const WIDEST = 1280;
const QUALITY = 0.9;

/**
 * Look at a file; `closely`, at some of its pictures too: how many bits the browser's own encoder needs for them tells how
 * much detail they have. Null where nothing can be told.
 */
export async function look(file: File, closely: boolean): Promise<Film | null> {
  const listed = await readMp4(file);
  if (listed && !closely) return listed;
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  try {
    const seen = await seenBy(video, url);
    const film = listed ?? seen;
    return film && seen && closely ? { ...film, detail: await detailOf(video).catch(() => null) } : film;
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  }
}

async function seenBy(video: HTMLVideoElement, url: string): Promise<Film | null> {
  video.muted = true;
  video.preload = "auto";
  const isSeen = await happens(video, "loadeddata", () => (video.src = url));
  const { duration, videoWidth: width, videoHeight: height } = video;
  return isSeen && width > 0 && Number.isFinite(duration) ? { duration, width, height, pictures: null, detail: null } : null;
}

/** Bits for each pixel, on average; null where the browser shows no pictures to draw. */
async function detailOf(video: HTMLVideoElement): Promise<number | null> {
  const scale = Math.min(1, WIDEST / video.videoWidth);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(Math.round(video.videoWidth * scale), 1);
  canvas.height = Math.max(Math.round(video.videoHeight * scale), 1);
  const bits: number[] = [];
  for (const place of PLACES) {
    if (!(await happens(video, "seeked", () => (video.currentTime = place * video.duration)))) return null;
    canvas.getContext("2d")!.drawImage(video, 0, 0, canvas.width, canvas.height);
    const picture = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!picture) return null;
    bits.push((8 * picture.size) / (canvas.width * canvas.height));
  }
  return bits.reduce((all, one) => all + one, 0) / bits.length;
}

/** Begin something, and tell whether the event came of it. */
function happens(video: HTMLVideoElement, event: "loadeddata" | "seeked", begin: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const end = (did: boolean) => (): void => {
      listening.abort();
      clearTimeout(timer);
      resolve(did);
    };
    const timer = setTimeout(end(false), LONGEST_WAIT);
    video.addEventListener(event, end(true), { signal: listening.signal });
    video.addEventListener("error", end(false), { signal: listening.signal });
    begin();
  });
}
