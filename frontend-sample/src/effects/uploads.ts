// The uploads' queue: what a broken connection stopped goes on by itself.

import { effect } from "@preact/signals";
import type { Options, Problem } from "../api/graphql.ts";
import { goesInParts } from "../api/limits.ts";
import type { Outcome } from "../api/problem.ts";
import type { Video } from "../api/video.ts";
import type { PageStore } from "../state/page.ts";
import { afterTry, FIRST_TRY } from "../state/tries.ts";
import * as uploads from "../state/uploads.ts";
import { failedUploads } from "../state/views.ts";
import type { Ask } from "./client.ts";
import { refusalOf, type Sendable, uniqueKey, upload } from "./upload.ts";

/** What can be done with an upload in parts that is under way, or was. */
interface InParts {
  pause(): void;
  resume(): void;
  stop(): void;
  abort(): Promise<void>;
}

const RATE_OVER = 4000;
const SHOW_EVERY = 200;

export function createUploads(store: PageStore, ask: Ask) {
  const stops = new Map<string, AbortController>();
  const inParts = new Map<string, InParts>();
  /** Whose names of files this browser keeps, and how to forget them. */
  let kept: { readonly owner: string; readonly forgetAll: () => void } | null = null;
  const list = store.part("list");
  const isBusy = (): boolean => uploads.isUploading(list.now());

  /** Take in bytes as they are told, and show them a few times a second with their rate over the last seconds. */
  function progress(key: string, size: number): (bytes: number) => void {
    const samples: [at: number, bytes: number][] = [];
    let shownAt = 0;
    return (sent) => {
      const time = performance.now();
      if (time - shownAt < SHOW_EVERY && sent < size) return;
      shownAt = time;
      samples.push([time, sent]);
      while (samples.length > 2 && time - samples[0]![0] > RATE_OVER) samples.shift();
      const [at, from] = samples[0]!;
      const rate = time - at > 500 ? ((sent - from) * 1000) / (time - at) : 0;
      list.change(uploads.moved, key, { phase: "sending", sent, rate, isPausable: inParts.has(key) });
      if (rate > 0) store.part("uplink").change(() => rate);
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
    const show = (phase: "waiting" | "sending" | "again", why: Problem | null = null): void =>
      list.change(uploads.moved, key, { phase, sent: 0, rate: 0, problem: why, isPausable: false });
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
      show(tries.begun ? "again" : "waiting", problem.retryAfterSeconds ? problem : null);
      await pause(next.wait, signal);
    }
  }

  /** The way for large files, loaded by whoever has one; null where it cannot be loaded now. */
  async function staged() {
    const owner = store.state.peek().session.user!.id;
    const way = await import("./staged.ts").catch(() => null);
    if (!way) return null;
    const made = way.createStaged(ask, owner, signedIn);
    kept = { owner, forgetAll: made.forgetAll };
    return { ...way, ...made };
  }

  /** Send a file in parts. False where there is no way to the storage from here, and it may come in one piece. */
  async function sendInParts(one: Sendable, signal: AbortSignal): Promise<boolean> {
    const { key, file } = one;
    const way = await staged();
    signal.throwIfAborted();
    if (!way) return list.change(uploads.failed, key, { code: "NETWORK" }), true;
    const showSent = progress(key, file.size);
    const sending = way.send(one, (now) => {
      const { phase, sentBytes: sent } = now;
      const waits = phase === "waiting" && sent > 0 ? "again" : phase === "waiting" || phase === "paused" ? phase : null;
      if (!waits) return showSent(sent);
      list.change(uploads.moved, key, { phase: waits, sent, rate: 0, problem: way.waitsFor(now), isPausable: true });
      startNext();
    });
    inParts.set(key, sending);
    try {
      list.change(uploads.taken, key, await sending.done);
      inParts.delete(key);
    } catch (error) {
      signal.throwIfAborted();
      if (way.isUnavailable(error) && file.size <= store.state.peek().limits!.maxInlineUploadBytes) {
        void sending.abort().catch(() => {});
        return !inParts.delete(key);
      }
      list.change(uploads.failed, key, way.problemOf(error));
    }
    return true;
  }

  async function sendOne(one: Sendable, signal: AbortSignal): Promise<void> {
    const isSettled = goesInParts(store.state.peek().limits, one.file.size) && (await sendInParts(one, signal));
    if (!isSettled) await sendUntilTaken(one, signal);
  }

  async function send(key: string): Promise<void> {
    list.change(uploads.begun, key);
    const { file, options } = list.now().entries.find((entry) => entry.key === key)!.upload!;
    const stop = new AbortController();
    stops.set(key, stop);
    // Its end is no error where it was stopped.
    await sendOne({ key, file: file as File, options }, stop.signal).catch(() => {});
    stops.delete(key);
    list.change(uploads.over, key);
    startNext();
  }

  function startNext(): void {
    for (let key = uploads.next(list.now()); key !== undefined; key = uploads.next(list.now())) void send(key);
  }

  /** Whether a former page left a file unfinished: it goes on with the options that it had. */
  const isLeft = (file: File): boolean => uploads.leftWith(list.now(), file) !== undefined;

  /** Put files in line. `refusal` says why one need not be sent at all. */
  function add(files: readonly { file: File; options: Options }[], refusal: (file: File) => Problem | null): void {
    const added = files.filter(({ file }) => !isLeft(file)).map((one) => ({ ...one, key: uniqueKey(), problem: refusal(one.file) }));
    for (const { file } of files) if (isLeft(file)) list.change(uploads.chosenAgain, uploads.leftWith(list.now(), file)!, file);
    if (added.length > 0) list.change(uploads.added, added, Date.now());
    startNext();
  }

  /** Show what former pages left unfinished. */
  async function recall(): Promise<void> {
    const { era } = list.now();
    const found = await (await staged())?.found().catch(() => []);
    const left = (found ?? []).map((one) => ({ key: uniqueKey(), ...one }));
    if (era === list.now().era) list.change(uploads.found, left, Date.now());
  }

  const pauseOne = (key: string): void => inParts.get(key)?.pause();

  function resume(key: string): void {
    const { furthest } = list.now().entries.find((entry) => entry.key === key)!.upload!;
    list.change(uploads.moved, key, { phase: "sending", sent: furthest, rate: 0 });
    inParts.get(key)?.resume();
  }

  function retry(...keys: string[]): void {
    for (const key of keys) list.change(uploads.retried, key);
    startNext();
  }

  function retryAll(): void {
    retry(...failedUploads(list.now()).map(({ key }) => key));
  }

  /** Take an upload from the list, stop it where it is under way, and remove what came of it. */
  function dismiss(key: string): void {
    // Where the service cannot be reached it ends by itself, a day after it began.
    void inParts.get(key)?.abort().catch(() => {});
    const upload = list.now().entries.find((entry) => entry.key === key)?.upload;
    if (upload?.phase === "left") void staged().then((way) => way?.forget(upload.left!).catch(() => {}));
    drop(key);
  }

  function drop(key: string): void {
    inParts.delete(key);
    stops.get(key)?.abort(new DOMException("Canceled by the user", "AbortError"));
    list.change(uploads.dismissed, key);
  }

  /** Stop all that is under way; what came in parts can be gone on with, for a day. */
  function dismissAll(): void {
    for (const one of inParts.values()) one.stop();
    for (const key of [...list.now().queue, ...list.now().sending]) drop(key);
    if (kept && kept.owner !== store.state.peek().session.user?.id) kept.forgetAll();
  }

  // The browser asks the user whether they mean it.
  addEventListener("beforeunload", (event) => {
    if (isBusy()) event.preventDefault();
  });
  return { isBusy, isLeft, add, recall, pause: pauseOne, resume, retry, retryAll, dismiss, dismissAll };
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
