// Waiting, such that it can be stopped, and when to try no more.

import { Refused } from "./refused.ts";

/** Wait so many milliseconds; where `wakes` is true, no longer than until the machine is back on the network. */
export type Wait = (milliseconds: number, wakes: boolean, signal: AbortSignal) => Promise<void>;

/** Milliseconds: how long to wait at most, and where an answer asks for more. */
const [LONGEST, LONGEST_ASKED] = [10_000, 3_600_000];
/** So many failures in a row, and it is given up. */
const MOST = 30;
/** These may pass by themselves, whatever was asked. */
const PASSING = ["NETWORK", "STORAGE_ERROR", "RATE_LIMITED", "SERVICE_BUSY"];

/** How long to wait after so many failures: longer each time, and not all clients at once. */
export const backOff = (failures: number, random = Math.random()): number =>
  Math.min(500 * 2 ** failures, LONGEST) * (0.5 + random / 2);

export const wait: Wait = (milliseconds, wakes, signal) =>
  new Promise((resolve, reject) => {
    const over = new AbortController();
    const timer = setTimeout(() => end(resolve), milliseconds);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      over.abort();
      settle();
    };
    const stop = (): void => end(() => reject(signal.reason));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { signal: over.signal });
    if (wakes) globalThis.addEventListener?.("online", () => end(resolve), { signal: over.signal });
  });

/** What a promise gives, unless the signal comes first. */
export function unless<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** What is tried until it is done. */
export class Tries {
  /** Failures in a row. */
  failures = 0;

  /** `passing` are codes that may pass by themselves here, beside those that may everywhere. */
  constructor(readonly passing: readonly string[] = []) {}

  /** How many milliseconds to wait after this failure; throws it where it does not pass, or was there too often. */
  pauseAfter(error: unknown): number {
    if (!(error instanceof Refused) || ![...PASSING, ...this.passing].includes(error.code)) throw error;
    // A machine without any network has not tried.
    if (globalThis.navigator?.onLine !== false && ++this.failures > MOST) throw error;
    return Math.max(backOff(this.failures), Math.min(1000 * (error.retryAfterSeconds ?? 0), LONGEST_ASKED));
  }

  /** Wait until it is time for the next one. */
  async failed(error: unknown, signal: AbortSignal, onWait?: (problem: Refused) => void): Promise<void> {
    signal.throwIfAborted();
    const pause = this.pauseAfter(error);
    onWait?.(error as Refused);
    await wait(pause, !(error as Refused).retryAfterSeconds, signal);
  }
}
