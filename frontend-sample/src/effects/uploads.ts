// The uploads' queue: what a broken connection stopped goes on by itself.

import { effect } from "@preact/signals";
import type { Options, Problem } from "../api/graphql.ts";
import type { Outcome } from "../api/problem.ts";
import type { Video } from "../api/video.ts";
import type { PageStore } from "../state/page.ts";
import { afterTry, FIRST_TRY } from "../state/tries.ts";
import * as uploads from "../state/uploads.ts";
import { failedUploads } from "../state/views.ts";
import type { Ask } from "./client.ts";
import { refusalOf, type Sendable, upload } from "./upload.ts";

const RATE_OVER = 4000;
const SHOW_EVERY = 200;

export function createUploads(store: PageStore, ask: Ask) {
  const stops = new Map<string, AbortController>();
  const list = store.part("list");
  const isBusy = (): boolean => uploads.isUploading(list.now());

  /** Take in bytes as they are told, and show them a few times a second with their rate over the last seconds. */
  function progress(key: string, size: number): (bytes: number) => void {
    const samples: [at: number, bytes: number][] = [[performance.now(), 0]];
    let shownAt = 0;
    return (sent) => {
      const time = performance.now();
      if (time - shownAt < SHOW_EVERY && sent < size) return;
      shownAt = time;
      samples.push([time, sent]);
      while (samples.length > 2 && time - samples[0]![0] > RATE_OVER) samples.shift();
      const [at, from] = samples[0]!;
      const rate = time - at > 500 ? ((sent - from) * 1000) / (time - at) : 0;
      list.change(uploads.moved, key, { phase: "sending", sent, rate });
    };
  }

  /** Where the session is over, wait for the next one. */
  async function signedIn(signal: AbortSignal): Promise<void> {
    let dispose = (): void => {};
    await new Promise<void>((resolve, reject) => {
      dispose = effect(() => {
        if (!store.state.value.session.isExpired) resolve();
      });
      signal.addEventListener("abort", () => reject(signal.reason));
    }).finally(dispose);
  }

  async function sendUntilTaken(one: Sendable, signal: AbortSignal): Promise<void> {
    const { key, file } = one;
    const show = (phase: "sending" | "again"): void => list.change(uploads.moved, key, { phase, sent: 0, rate: 0 });
    for (let tries = FIRST_TRY; ; ) {
      await signedIn(signal);
      const refusal = await refusalOf(ask, one, signal);
      if (!refusal) show(tries.begun ? "again" : "sending");
      let sent: number | null = refusal ? null : 0;
      const showSent = progress(key, file.size);
      const { answer, problem }: Outcome<Video> = refusal
        ? { answer: null, problem: refusal }
        : await upload(ask, one, (bytes) => showSent((sent = bytes)), signal);
      if (answer) return list.change(uploads.taken, key, answer);
      const next = afterTry(tries, problem, sent, file.size);
      if ("problem" in next) return list.change(uploads.failed, key, next.problem);
      tries = next.tries;
      if (tries.begun) show("again");
      await pause(next.wait, signal);
    }
  }

  async function send(key: string): Promise<void> {
    list.change(uploads.begun, key);
    const { file, options } = list.now().entries.find((entry) => entry.key === key)!.upload!;
    const stop = new AbortController();
    stops.set(key, stop);
    // Its end is no error where it was stopped.
    await sendUntilTaken({ key, file, options }, stop.signal).catch(() => {});
    stops.delete(key);
    list.change(uploads.over, key);
    startNext();
  }

  function startNext(): void {
    for (let key = uploads.next(list.now()); key !== undefined; key = uploads.next(list.now())) void send(key);
  }

  /** Put files in line. `refusal` says why one need not be sent at all. */
  function add(files: readonly File[], options: Options, refusal: (file: File) => Problem | null): void {
    const added = files.map((file) => ({ key: uniqueKey(), file, problem: refusal(file) }));
    list.change(uploads.added, added, options, Date.now());
    startNext();
  }

  function retry(...keys: string[]): void {
    for (const key of keys) list.change(uploads.retried, key);
    startNext();
  }

  function retryAll(): void {
    retry(...failedUploads(list.now()).map(({ key }) => key));
  }

  /** Take an upload from the list, and stop it where it is under way. */
  function dismiss(key: string): void {
    stops.get(key)?.abort(new DOMException("Canceled by the user", "AbortError"));
    list.change(uploads.dismissed, key);
  }

  function dismissAll(): void {
    for (const key of [...list.now().queue, ...list.now().sending]) dismiss(key);
  }

  // The browser asks the user whether they mean it.
  addEventListener("beforeunload", (event) => {
    if (isBusy()) event.preventDefault();
  });
  return { isBusy, add, retry, retryAll, dismiss, dismissAll };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    addEventListener("online", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** `crypto.randomUUID` is there in secure contexts only, and a laptop in the same network is none. */
function uniqueKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
