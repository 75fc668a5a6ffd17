// A service and a storage in memory, which keep the promises of the real ones.

import { Refused } from "../dist/index.js";

const inSeconds = (seconds) => new Date(Date.now() + 1000 * seconds).toISOString();

export const PART = 10;

/** A service that takes files of any size in parts of ten bytes, and the storage beside it. */
export class Twin {
  /** Part numbers as they were sent, and as they came. */
  sent = [];
  stored = new Map();
  asked = [];
  created = [];
  ids = 0;
  /** What the next calls answer instead: `[operation, error]`, with "put" among the operations. */
  failures = [];
  /** Milliseconds that were waited. */
  waits = [];
  urlsAtOnce = 64;
  id = null;

  fail(operation) {
    this.asked.push(operation);
    const at = this.failures.findIndex(([name]) => name === operation);
    if (at >= 0) throw this.failures.splice(at, 1)[0][1];
  }

  #shown() {
    let left = this.urlsAtOnce;
    const parts = Array.from({ length: Math.ceil(this.size / PART) }, (_, index) => {
      const [number, done] = [index + 1, this.stored.has(index + 1)];
      return { number, done, url: done || left-- <= 0 ? null : `https://storage.example/${this.id}?partNumber=${number}` };
    });
    return { id: this.id, partSizeBytes: PART, parts, urlsExpireAt: inSeconds(300), expiresAt: inSeconds(86_400) };
  }

  create = async (file) => {
    this.fail("create");
    this.created.push(file);
    if (this.fingerprint !== file.fingerprint) {
      this.id = `upload-${++this.ids}`;
      this.stored.clear();
    }
    [this.size, this.fingerprint] = [file.sizeBytes, file.fingerprint];
    return this.#shown();
  };

  refresh = async (id) => {
    this.fail("refresh");
    if (id !== this.id) throw new Refused("UPLOAD_NOT_FOUND");
    return this.#shown();
  };

  complete = async (id) => {
    this.fail("complete");
    if (id !== this.id) throw new Refused("UPLOAD_NOT_FOUND");
    if (this.stored.size < Math.ceil(this.size / PART)) throw new Refused("UPLOAD_INCOMPLETE");
    this.fingerprint = null;
    return { id, text: [...this.stored].sort(([a], [b]) => a - b).map(([, text]) => text).join("") };
  };

  abort = async (id) => {
    this.fail("abort");
    this.id = null;
    this.aborted = id;
  };

  put = async (url, body, onSent, signal) => {
    const number = Number(new URL(url).searchParams.get("partNumber"));
    this.sent.push(number);
    onSent(body.size / 2);
    await this.held?.(number, signal);
    signal.throwIfAborted();
    this.fail("put");
    onSent(body.size);
    this.stored.set(number, await body.text());
    return { status: 200, retryAfterSeconds: null };
  };

  wait = async (milliseconds) => void this.waits.push(milliseconds);
}

export class MemoryStore {
  kept = new Map();
  get = async (fingerprint) => this.kept.get(fingerprint);
  put = async (kept) => void this.kept.set(kept.fingerprint, kept);
  delete = async (fingerprint) => void this.kept.delete(fingerprint);
}

export const FILM = "0123456789abcdefghijABCDEFGHIJ+++++++++++end";
export const film = (text = FILM) => new File([text], "film.mp4", { lastModified: 7 });
