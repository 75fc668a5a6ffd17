// What is known of a film before it is sent.

/** The pictures of a film as its container lists them, in order of presentation. */
export interface Pictures {
  /** Seconds from the film's start at which each comes, rising. */
  readonly begins: Float64Array;
  /** When the last one goes. */
  readonly end: number;
  /** The numbers of those that can be decoded for themselves, from 0. */
  readonly keys: readonly number[];
}

export interface Film {
  /** Seconds. */
  readonly duration: number;
  /** Pixels as they are shown: a film on its side is turned already. */
  readonly width: number;
  readonly height: number;
  /** Null where only the browser has looked at it, which does not tell one picture from the next. */
  readonly pictures: Pictures | null;
  /** Bits that the browser's JPEG needs for each pixel, at quality 0.9; null where none was looked at. */
  readonly detail: number | null;
}

/** What most films have, where nothing tells. */
const USUAL_RATE = 30;

/** Seconds from one picture to the next: the lower median, as the service reckons it. */
export function intervalOf({ pictures }: Film): number {
  if (!pictures || pictures.begins.length < 2) return pictures ? pictures.end : 1 / USUAL_RATE;
  const { begins } = pictures;
  const steps = begins.subarray(1).map((begin, before) => begin - begins[before]!).filter((step) => step > 1e-9).sort();
  return steps[Math.floor((steps.length - 1) / 2)] ?? pictures.end;
}

/**
 * The number of the picture that is on the screen at an instant. The next one counts as being there where it comes at most
 * a quarter of its own and of this one's time later, as it does for the service.
 */
export function shownAt({ begins, end }: Pictures, seconds: number): number {
  const here = Math.max(before(begins, seconds + 1e-9) - 1, 0);
  const [begin, next, after] = [begins[here]!, begins[here + 1], begins[here + 2] ?? end];
  return next !== undefined && next - seconds <= Math.min(next - begin, after - next) / 4 ? here + 1 : here;
}

/** How many come before an instant. */
export function before(begins: Float64Array, seconds: number): number {
  let [low, high] = [0, begins.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (begins[middle]! < seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The instant so many pictures away. */
export function stepped(film: Film, seconds: number, by: number): number {
  const { pictures, duration } = film;
  if (!pictures) return Math.min(Math.max(seconds + by / USUAL_RATE, 0), duration);
  const { begins } = pictures;
  return begins[Math.min(Math.max(shownAt(pictures, seconds) + by, 0), begins.length - 1)]!;
}
