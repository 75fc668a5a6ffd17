// One part on its way to the storage.

import { Refused, retryAfter } from "./refused.ts";

/** Milliseconds without a sign of life. What the system has taken in counts as sent, and may take a slow line a while. */
const STALLED = 120_000;

export interface Answered {
  readonly status: number;
  readonly retryAfterSeconds: number | null;
}

/** Sends bytes and nothing else. Throws `Refused` with `NETWORK` where there is no answer, and what `signal` was aborted with. */
export type Put = (url: string, body: Blob, onSent: (bytes: number) => void, signal: AbortSignal) => Promise<Answered>;

/** In browsers by an XMLHttpRequest, since fetch cannot tell how much was sent; elsewhere by fetch. */
export const put: Put = (...part) => ("XMLHttpRequest" in globalThis ? putWithProgress : putByFetch)(...part);

const lost = (): Refused => new Refused("NETWORK", { message: "The connection to the storage was lost." });

const putByFetch: Put = async (url, body, _, signal) => {
  try {
    const answer = await fetch(url, { method: "PUT", body, signal });
    await answer.arrayBuffer();
    return { status: answer.status, retryAfterSeconds: retryAfter(answer.headers.get("Retry-After")) };
  } catch {
    signal.throwIfAborted();
    throw lost();
  }
};

const putWithProgress: Put = (url, body, onSent, signal) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout>;
    const cancel = (): void => request.abort();
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(cancel, STALLED);
    };
    request.upload.onprogress = ({ loaded }) => {
      alive();
      onSent(loaded);
    };
    request.onload = () => {
      // Asked for by its name it would be complained of in the console, where the storage's CORS rules do not expose it.
      const [, header = null] = /^retry-after: (.*)$/im.exec(request.getAllResponseHeaders()) ?? [];
      resolve({ status: request.status, retryAfterSeconds: retryAfter(header) });
    };
    request.onerror = () => reject(lost());
    request.onabort = () => reject(signal.aborted ? signal.reason : lost());
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
    };
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", cancel);
    request.open("PUT", url);
    alive();
    request.send(body);
  });
