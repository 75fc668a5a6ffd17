// The parts of one file: which the storage has, and which are on their way.

import type { Put } from "./put.ts";
import { Refused } from "./refused.ts";
import type { StagedUpload, UploadPart } from "./service.ts";

/** So often in a row nothing came through, while the service answered each time: no way leads to the storage. */
const UNREACHABLE = 4;
const UNHEARD = { message: "No part of this file got through to the storage." };
/** Milliseconds: how long URLs are good for at least, whatever this machine's clock says, and how long before their end not to use them. */
const [SHORTEST, MARGIN] = [60_000, 10_000];

export interface Sending {
  readonly put: Put;
  /** How many at once. */
  readonly parallel: number;
  /** More bytes are on their way. */
  readonly onSent: () => void;
  /** A part was confirmed. */
  readonly onConfirmed: () => void;
}

export class Parts {
  readonly #confirmed = new Set<number>();
  readonly #underWay = new Map<number, number>();
  #size = 0;
  /** Whether anything ever came through, and how often in a row nothing did. */
  #isHeard = false;
  #unheard = 0;

  constructor(readonly file: Blob, readonly sending: Sending) {}

  /** What the service says holds. */
  take({ partSizeBytes, parts }: StagedUpload): void {
    this.#size = partSizeBytes;
    this.#isHeard ||= parts.some(({ done }) => done);
    this.#confirmed.clear();
    for (const { number, done } of parts) if (done) this.#confirmed.add(number);
  }

  /** Those that the storage lacks. */
  missing({ parts }: StagedUpload): UploadPart[] {
    return parts.filter(({ number }) => !this.#confirmed.has(number));
  }

  /** Bytes of those that the storage has. */
  get confirmedBytes(): number {
    return [...this.#confirmed].reduce((sum, number) => sum + this.#slice(number).size, 0);
  }

  /** The same, with what is on its way. */
  get sentBytes(): number {
    return [...this.#underWay.values()].reduce((sum, bytes) => sum + bytes, this.confirmedBytes);
  }

  /** Send what has a URL that is still good; the first failure lets the others end their parts, and begin no more. */
  async send(staged: StagedUpload, signal: AbortSignal): Promise<void> {
    const usableUntil = Math.max(Date.parse(staged.urlsExpireAt), Date.now() + SHORTEST) - MARGIN;
    const waiting = this.missing(staged).filter(({ url }) => url);
    if (waiting.length === 0) throw new Refused("INTERNAL", { message: "The service gave no address for what is missing." });
    const failures: unknown[] = [];
    const sender = async (): Promise<void> => {
      for (let part; failures.length === 0 && Date.now() < usableUntil && (part = waiting.shift()); ) {
        await this.#send(part, signal).catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: this.sending.parallel }, sender));
    if (failures.length > 0) throw this.#isUnreachable(failures) ? new Refused("STORAGE_UNREACHABLE", UNHEARD) : failures[0];
  }

  #slice(number: number): Blob {
    return this.file.slice((number - 1) * this.#size, number * this.#size);
  }

  async #send({ number, url }: UploadPart, signal: AbortSignal): Promise<void> {
    const { put, onSent, onConfirmed } = this.sending;
    const body = this.#slice(number);
    const told = (bytes: number): void => {
      if (signal.aborted) return;
      this.#isHeard ||= bytes > 0;
      this.#underWay.set(number, Math.min(bytes, body.size));
      onSent();
    };
    try {
      const { status, retryAfterSeconds } = await put(url!, body, told, signal);
      this.#isHeard = true;
      if (status >= 400) throw refused(status, retryAfterSeconds);
      this.#confirmed.add(number);
    } finally {
      this.#underWay.delete(number);
    }
    onConfirmed();
  }

  #isUnreachable(failures: readonly unknown[]): boolean {
    const isUnheard = !this.#isHeard && failures.every((error) => error instanceof Refused && error.code === "NETWORK");
    this.#unheard = isUnheard && globalThis.navigator?.onLine !== false ? this.#unheard + 1 : 0;
    return this.#unheard >= UNREACHABLE;
  }
}

function refused(status: number, retryAfterSeconds: number | null): Refused {
  const message = `The storage answered a part with ${status}.`;
  return new Refused(status === 403 ? "URL_REFUSED" : "STORAGE_ERROR", { message, retryAfterSeconds });
}
