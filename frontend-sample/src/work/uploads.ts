// The uploads' queue: a few at once, the rest in line; what a broken connection stopped goes on by itself.

import { effect, signal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import * as session from "../api/session.ts";
import { type Options, refusalOf, upload } from "../api/upload.ts";
import { isVideo } from "../api/video.ts";
import { tellProblem } from "../ui/tell.ts";
import { addUploads, adopt, drop, type Entry, failedUploads, setSending } from "./list.ts";

export interface UploadState {
  phase: "waiting" | "sending" | "again" | "failed" | "refused";
  /** Bytes of this try. */
  sent: number;
  /** Bytes of the try that came furthest: what the bar shows, so that it never falls. */
  furthest: number;
  /** Bytes a second over the last few; 0 where unknown. */
  rate: number;
  problem: Problem | null;
}

const PARALLEL = 3;
const TRIES = 30;
const LONGEST_WAIT = 5000;
const RATE_OVER = 4000;
const SHOW_EVERY = 200;

/** These may pass by themselves. */
const PASSING = new Set<Problem["code"]>(["NETWORK", "UNAUTHENTICATED", "STORAGE_ERROR", "UPLOAD_INCOMPLETE", "RATE_LIMITED"]);
/** These stay as they are, however often the same file is sent. */
const FINAL = new Set<Problem["code"]>(["UNSUPPORTED_FILE_FORMAT", "FILE_TOO_LARGE", "INVALID_INPUT", "IDEMPOTENCY_CONFLICT", "UNREADABLE"]);
/** What a broken connection looks like from here. */
const CUT = new Set<Problem["code"]>(["NETWORK", "UPLOAD_INCOMPLETE"]);
/** Two cuts no further apart than this share of the file are at one place. */
const SAME_PLACE = 0.02;
/** A smaller file may be sent as often as it takes. */
const WORTH_COUNTING = 1_000_000;

export class Upload {
  readonly key = uniqueKey();
  readonly state = signal<UploadState>({ phase: "waiting", sent: 0, furthest: 0, rate: 0, problem: null });
  readonly stop = new AbortController();

  constructor(
    readonly file: File,
    readonly options: Options,
  ) {}

  get isActive(): boolean {
    return ["waiting", "sending", "again"].includes(this.state.value.phase);
  }

  set(change: Partial<UploadState>): void {
    this.state.value = { ...this.state.peek(), ...change };
  }
}

const waiting: Entry[] = [];
const active = new Set<Entry>();

/** Put files in line. `refusal` says why one need not be sent at all. */
export function add(files: readonly File[], options: Options, refusal: (file: File) => Problem | null): void {
  for (const entry of addUploads(files.map((file) => new Upload(file, options)))) {
    const problem = refusal(entry.upload!.file);
    if (problem) fail(entry, problem);
    else waiting.push(entry);
  }
  startNext();
}

export function cancel(entry: Entry): void {
  entry.upload?.stop.abort(new DOMException("Canceled by the user", "AbortError"));
  const index = waiting.indexOf(entry);
  if (index >= 0) waiting.splice(index, 1);
  drop(entry);
}

export function retry(entry: Entry): void {
  entry.upload?.set({ phase: "waiting", problem: null });
  waiting.push(entry);
  startNext();
}

export function retryAll(): void {
  failedUploads.peek().forEach(retry);
}

export function cancelAll(): void {
  [...waiting, ...active].forEach(cancel);
}

function startNext(): void {
  while (active.size < PARALLEL && waiting.length > 0) {
    const entry = waiting.shift()!;
    active.add(entry);
    setSending(entry, true);
    void send(entry, entry.upload!)
      .catch(() => {}) // It was canceled.
      .finally(() => {
        active.delete(entry);
        setSending(entry, false);
        startNext();
      });
  }
}

async function send(entry: Entry, one: Upload): Promise<void> {
  const { file, options, key } = one;
  const { signal } = one.stop;
  let begun = false;
  let cutAt = Number.NEGATIVE_INFINITY;
  for (let tries = 0; ; tries++) {
    await signedIn(signal);
    const refusal = await refusalOf(file, options, key, signal);
    let sent = 0;
    if (!refusal) one.set({ phase: begun ? "again" : "sending", sent: 0, rate: 0 });
    const show = progress(one);
    const onSent = (bytes: number): void => show((sent = bytes));
    const answer = refusal ?? (await upload(file, options, key, onSent, signal));
    begun ||= !refusal;
    if (isVideo(answer)) return adopt(entry, answer);
    if (!PASSING.has(answer.code) || tries >= TRIES) return fail(entry, answer);
    if (!refusal && CUT.has(answer.code)) {
      // The service was there a moment before: what cuts a file twice at the same place would do so for ever.
      const isSamePlace = Math.abs(sent - cutAt) <= SAME_PLACE * file.size;
      if (isSamePlace && file.size >= WORTH_COUNTING) return fail(entry, { code: "CUT_TWICE" });
      cutAt = sent;
    }
    if (begun) one.set({ phase: "again", sent: 0, rate: 0 });
    const wait = Math.max(Math.min(1000 * 2 ** tries, LONGEST_WAIT), 1000 * (answer.retryAfterSeconds ?? 0));
    await pause(wait, signal);
  }
}

function fail(entry: Entry, problem: Problem): void {
  entry.upload!.set({ phase: FINAL.has(problem.code) ? "refused" : "failed", problem });
  tellProblem(entry.upload!.file.name, problem);
}

/** Take in bytes as they are told, and show them a few times a second with their rate over the last seconds. */
function progress(one: Upload): (bytes: number) => void {
  const samples: [at: number, bytes: number][] = [[performance.now(), 0]];
  let shownAt = 0;
  return (bytes) => {
    const now = performance.now();
    if (now - shownAt < SHOW_EVERY && bytes < one.file.size) return;
    shownAt = now;
    samples.push([now, bytes]);
    while (samples.length > 2 && now - samples[0]![0] > RATE_OVER) samples.shift();
    const [at, from] = samples[0]!;
    const rate = now - at > 500 ? ((bytes - from) * 1000) / (now - at) : 0;
    one.set({ phase: "sending", rate, sent: bytes, furthest: Math.max(one.state.peek().furthest, bytes) });
  };
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

/** Where the session is over, wait for the next one. */
async function signedIn(signal: AbortSignal): Promise<void> {
  let dispose = (): void => {};
  await new Promise<void>((resolve, reject) => {
    dispose = effect(() => {
      if (!session.lapsed.value) resolve();
    });
    signal.addEventListener("abort", () => reject(signal.reason));
  }).finally(dispose);
}

/** `crypto.randomUUID` is there in secure contexts only, and a laptop in the same network is none. */
function uniqueKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function isUploading(): boolean {
  return waiting.length + active.size > 0;
}

// The browser asks the user whether they mean it.
addEventListener("beforeunload", (event) => {
  if (isUploading()) event.preventDefault();
});
