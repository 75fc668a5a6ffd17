// What is on its way: an answer, which ends where nothing more is heard, or a body that tells how much of it was sent.

import { lost, retryAfter } from "./refused.ts";

/** Milliseconds without a sign of life; a stream without news has one every 15 seconds. */
const SILENCE = 45_000;

/** Ask with its `signal`, read by `pieces`, and `end` it. */
export class Line {
  readonly #ended = new AbortController();
  readonly signal = this.#ended.signal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** It ends with `stop`, too. */
  constructor(stop: AbortSignal, readonly silence = SILENCE) {
    stop.addEventListener("abort", () => this.end(stop.reason), { signal: this.signal });
    this.heard();
  }

  /** Throws `Refused` with `NETWORK` where it breaks off, and what `stop` was aborted with. */
  async *pieces({ body }: Response): AsyncGenerator<Uint8Array> {
    const reader = body!.getReader();
    for (;;) {
      this.heard();
      const { done, value } = await reader.read().catch(() => {
        this.signal.throwIfAborted();
        throw lost();
      });
      // What is done with a piece takes its own time.
      clearTimeout(this.#timer);
      if (done) return;
      yield value;
    }
  }

  end(reason?: unknown): void {
    clearTimeout(this.#timer);
    this.#ended.abort(reason);
  }

  /** A sign of life. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(lost("Nothing more was heard.")), this.silence);
  }
}

/** Milliseconds without a sign of life. What the system has taken in counts as sent, and may take a slow line a while. */
const STALLED = 120_000;

export interface Answered {
  readonly status: number;
  readonly retryAfterSeconds: number | null;
}

export type OnSent = (bytes: number) => void;

/** Sends bytes and nothing else. Throws `Refused` with `NETWORK` where there is no answer, and what `signal` was aborted with. */
export type Put = (url: string, body: Blob, onSent: OnSent, signal: AbortSignal) => Promise<Answered>;

export const put: Put = async (url, body, onSent, signal) => {
  try {
    const answer = await send(url, { method: "PUT", body, signal }, onSent);
    await answer.text();
    return { status: answer.status, retryAfterSeconds: retryAfter(answer.headers.get("Retry-After")) };
  } catch {
    signal.throwIfAborted();
    throw lost("The connection to the storage was lost.");
  }
};

/** As `fetch`, which cannot tell how much was sent: in browsers an XMLHttpRequest takes its place. Rejects where there is no answer. */
export async function send(url: string | URL, init: RequestInit, onSent: OnSent): Promise<Response> {
  if (!("XMLHttpRequest" in globalThis)) return fetch(url, init);
  init.signal!.throwIfAborted();
  return new Promise((resolve, reject) => {
    const [request, line] = [new XMLHttpRequest(), new Line(init.signal!, STALLED)];
    request.upload.onprogress = ({ loaded }) => {
      line.heard();
      onSent(loaded);
    };
    request.onload = () => {
      // Asked for by its name it would be complained of in the console, where the storage's CORS rules do not expose it.
      const [, later = ""] = /^retry-after: (.*)$/im.exec(request.getAllResponseHeaders()) ?? [];
      resolve(new Response(request.response || null, { status: request.status, headers: { "Retry-After": later } }));
    };
    request.onerror = request.onabort = reject;
    request.onloadend = () => line.end();
    line.signal.onabort = () => request.abort();
    request.open(init.method!, url);
    for (const header of Object.entries(init.headers ?? {})) request.setRequestHeader(...(header as [string, string]));
    request.send(init.body as XMLHttpRequestBodyInit);
  });
}
