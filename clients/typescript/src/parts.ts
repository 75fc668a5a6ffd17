// The parts of one file: which the storage has, and which are on their way.

import type { Put } from "./line.ts";
import { isRefused, Refused } from "./refused.ts";
import type { StagedUpload, UploadPart } from "./service.ts";

/** So often in a row nothing came through, while the service answered each time: no way leads to the storage. */
const UNREACHABLE = 4;
/** Milliseconds: how long URLs are good for at least, whatever this machine's clock says, and how long before their end not to use them. */
const [SHORTEST, MARGIN] = [60_000, 10_000];

export class Parts {
  /** Bytes of each that the storage has, and of each that is on its way. */
  readonly #confirmed = new Map<number, number>();
  readonly #underWay = new Map<number, number>();
  #size = 0;
  /** Whether anything ever came through, and how often in a row nothing did. */
  #isHeard = false;
  #unheard = 0;

  constructor(readonly file: Blob, readonly put: Put, readonly parallel: number) {}

  /** What the service says holds. */
  take({ partSizeBytes, parts }: StagedUpload): void {
    this.#size = partSizeBytes;
    this.#confirmed.clear();
    for (const { number, done } of parts) if (done) this.#confirmed.set(number, this.#slice(number).size);
    this.#isHeard ||= this.confirmedBytes > 0;
  }

  get confirmedBytes(): number {
    return sum(this.#confirmed);
  }

  /** The same, with what is on its way. */
  get sentBytes(): number {
    return sum(this.#confirmed) + sum(this.#underWay);
  }

  /**
   * Send what has a URL that is still good; the first failure lets the others end their parts, and begin no more.
   *
   * @param onSent more bytes are on their way, or a part was confirmed
   * @returns whether the storage has all of them
   */
  async send({ parts, urlsExpireAt }: StagedUpload, signal: AbortSignal, onSent: (isConfirmed: boolean) => void): Promise<boolean> {
    const usableUntil = Math.max(Date.parse(urlsExpireAt), Date.now() + SHORTEST) - MARGIN;
    const isMissing = ({ number }: UploadPart): boolean => !this.#confirmed.has(number);
    const waiting = parts.filter((part) => part.url && isMissing(part));
    if (waiting.length === 0 && parts.some(isMissing)) throw new Refused("INTERNAL", { message: "The service gave no address for what is missing." });
    const failures: unknown[] = [];
    const sender = async (): Promise<void> => {
      for (let part; failures.length === 0 && Date.now() < usableUntil && (part = waiting.shift()); ) {
        await this.#send(part, signal, onSent).catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: this.parallel }, sender));
    if (failures.length === 0) return !parts.some(isMissing);
    const isUnheard = globalThis.navigator?.onLine !== false && !this.#isHeard && failures.every((error) => isRefused(error, "NETWORK"));
    this.#unheard = isUnheard ? this.#unheard + 1 : 0;
    if (this.#unheard < UNREACHABLE) throw failures[0];
    throw new Refused("STORAGE_UNREACHABLE", { message: "No part of this file got through to the storage." });
  }

  #slice(number: number): Blob {
    return this.file.slice((number - 1) * this.#size, number * this.#size);
  }

  async #send({ number, url }: UploadPart, signal: AbortSignal, onSent: (isConfirmed: boolean) => void): Promise<void> {
    const body = this.#slice(number);
    const told = (bytes: number): void => {
      if (signal.aborted) return;
      this.#isHeard ||= bytes > 0;
      this.#underWay.set(number, Math.min(bytes, body.size));
      onSent(false);
    };
    try {
      const { status, retryAfterSeconds } = await this.put(url!, body, told, signal);
      this.#isHeard = true;
      const message = `The storage answered a part with ${status}.`;
      if (status >= 400) throw new Refused(status === 403 ? "URL_REFUSED" : "STORAGE_ERROR", { message, retryAfterSeconds });
      this.#confirmed.set(number, body.size);
    } finally {
      this.#underWay.delete(number);
    }
    onSent(true);
  }
}

const sum = (bytes: ReadonlyMap<number, number>): number => [...bytes.values()].reduce((all, some) => all + some, 0);
