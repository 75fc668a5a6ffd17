// One answer on its way here, which ends where nothing more is heard.

import { lost } from "./refused.ts";

/** Milliseconds without a sign of life; a stream without news has one every 15 seconds. */
const SILENCE = 45_000;

/** Ask with its `signal`, read by `pieces`, and `end` it. */
export class Line {
  readonly #ended = new AbortController();
  readonly signal = this.#ended.signal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** It ends with `stop`, too. */
  constructor(stop: AbortSignal) {
    stop.addEventListener("abort", () => this.end(stop.reason), { signal: this.signal });
    this.#listen();
  }

  /** Throws `Refused` with `NETWORK` where it breaks off, and what `stop` was aborted with. */
  async *pieces({ body }: Response): AsyncGenerator<Uint8Array> {
    const reader = body!.getReader();
    for (;;) {
      this.#listen();
      const { done, value } = await reader.read().catch(() => {
        this.signal.throwIfAborted();
        throw lost("The line broke off.");
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

  #listen(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(lost("Nothing more was heard.")), SILENCE);
  }
}
