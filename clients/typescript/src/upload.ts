// One file on its way, through every break until it is there.

import { base64, fingerprintOf, headOf } from "./file.ts";
import { put, type Put } from "./line.ts";
import { Parts } from "./parts.ts";
import { isRefused, Refused, Tries, unless, type Wait } from "./refused.ts";
import type { NewUpload, Service, StagedUpload, Store } from "./service.ts";

/** What it does now: "waiting" until it tries again, for `problem`'s sake. */
export type Phase = "starting" | "sending" | "waiting" | "paused" | "completing";

export interface Progress {
  readonly phase: Phase;
  /** It never falls, also where something must be sent again. */
  readonly sentBytes: number;
  readonly totalBytes: number;
  readonly problem: Refused | null;
}

export interface UploadSettings {
  /** The file's name and its time of change in milliseconds, where it is a Blob and does not know them. */
  readonly name?: string;
  readonly lastModified?: number;
  /** How frames are taken: the schema's `ExtractionOptionsInput`. */
  readonly options?: object | null;
  /** How many parts are under way at once; 3 where it is left out. */
  readonly parallel?: number;
  /** Where to keep what it is gone on with. Without one the service still knows the file by its fingerprint. */
  readonly store?: Store;
  readonly onChange?: (progress: Progress) => void;
  /** How a part is sent, and how to wait, where it is not by what is here. */
  readonly put?: Put;
  readonly wait?: Wait;
}

const stopped = (): DOMException => new DOMException("The upload was stopped.", "AbortError");

/** An upload that has begun. `Done` is what completing it gives. */
export class Upload<Done> {
  /** Rejects with `Refused`, or with an AbortError where it was stopped. */
  readonly done: Promise<Done>;
  readonly progress: Progress;
  readonly #parts: Parts;
  /** They begin anew with each part that came. */
  readonly #tries: Tries;
  #fingerprint = "";
  #creating: Promise<StagedUpload> | undefined;
  /** Whose parts are sent, and whether all of them were: then nobody knows it by its fingerprint. */
  #id: string | undefined;
  #isSent = false;
  /** Why it goes in one request, if it does, and by which key: whoever sends it again makes no second video. */
  #barred: Refused | undefined;
  readonly #key = `${Math.random()}`;
  #isStopped = false;
  /** Ends what is under way at this moment. */
  #turn = new AbortController();
  #resumed: Promise<void> | null = null;
  #goOn = (): void => {};

  constructor(readonly service: Service<Done>, readonly file: Blob, readonly settings: UploadSettings = {}) {
    this.progress = { phase: "starting", sentBytes: 0, totalBytes: file.size, problem: null };
    this.#parts = new Parts(file, settings.put ?? put, settings.parallel ?? 3);
    this.#tries = new Tries(["UPLOAD_INCOMPLETE", "UPLOAD_NOT_FOUND", "URL_REFUSED"], settings.wait);
    this.done = this.#run();
    this.done.catch(() => {}); // Whoever asks for it is told.
  }

  /** Stop sending, until `resume`; parts that are under way are sent again then. */
  pause(): void {
    this.#resumed ??= new Promise((resolve) => (this.#goOn = resolve));
    this.#turn.abort(stopped());
  }

  resume(): void {
    this.#resumed = null;
    this.#goOn();
  }

  /** End it here; what came stays at the storage for a day, for whoever uploads the same file again. */
  stop(): void {
    this.#isStopped = true;
    this.#turn.abort(stopped());
    this.#goOn();
  }

  /** End it, and remove what came of it. */
  async abort(): Promise<void> {
    this.stop();
    await this.#remove();
  }

  async #run(): Promise<Done> {
    for (;;) {
      const { signal } = (this.#turn = new AbortController());
      if (this.#resumed) this.#tell("paused");
      await this.#resumed;
      if (this.#isStopped) throw stopped();
      try {
        const done = await this.#attempt(signal);
        await this.#forget();
        return done;
      } catch (error) {
        await this.#failed(error, signal).catch((failure: unknown) => {
          if (!signal.aborted) throw failure;
        });
      }
    }
  }

  /** Forget what does not hold any more, and wait until it is time for the next attempt. */
  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { code } = error as Partial<Refused>;
    // A browser does not tell a file that has changed from a line that broke.
    if (code === "NETWORK") await headOf(this.file);
    if (code === "FILE_CHANGED") await this.#forget();
    if (code === "UPLOAD_NOT_FOUND") this.#id = undefined;
    if (code === "UPLOAD_NOT_FOUND" || code === "UPLOAD_INCOMPLETE") this.#isSent = false;
    if (this.service.whole && !this.#barred && isRefused(error, "STAGING_UNAVAILABLE", "STORAGE_UNREACHABLE")) {
      this.#barred = error;
      // What was begun counts in the quota.
      return this.#remove().catch(() => {});
    }
    await this.#tries.failed(error, signal, (problem) => this.#tell("waiting", problem));
  }

  async #attempt(signal: AbortSignal): Promise<Done> {
    if (!this.#fingerprint) await this.#recall();
    if (this.#barred) return unless(signal, this.#sendWhole(this.#barred, signal));
    await this.#sendParts(signal);
    this.#tell("completing");
    return unless(signal, this.service.complete(this.#id!, signal));
  }

  /** Find out which file this is, and whether all of it was sent before. */
  async #recall(): Promise<void> {
    const { lastModified = (this.file as Partial<File>).lastModified ?? 0, store } = this.settings;
    this.#fingerprint = fingerprintOf(this.#name, this.file.size, lastModified, await headOf(this.file));
    const kept = await store?.get(this.#fingerprint).catch(() => undefined);
    if (kept?.sentBytes === this.file.size) [this.#id, this.#isSent] = [kept.id, true];
  }

  async #sendParts(signal: AbortSignal): Promise<void> {
    while (!this.#isSent) {
      const staged = await unless(signal, this.#id ? this.service.refresh(this.#id, signal) : this.#create(signal));
      this.#id = staged.id;
      this.#parts.take(staged);
      const told = (isConfirmed: boolean): void => {
        this.#tell("sending");
        if (!isConfirmed) return;
        this.#tries.failures = 0;
        void this.#keep(staged);
      };
      this.#tell("sending");
      void this.#keep(staged);
      this.#isSent = await this.#parts.send(staged, signal, told);
      await this.#keep(staged);
    }
  }

  async #create(signal: AbortSignal): Promise<StagedUpload> {
    return (this.#creating = this.service.create(await this.#described(), signal));
  }

  /** Where no way leads to the storage the service takes what is not too large for that. */
  async #sendWhole(barred: Refused, signal: AbortSignal): Promise<Done> {
    const sent = (bytes: number): void => this.#tell("sending", null, bytes);
    sent(0);
    const done = await this.service.whole!(this.file, await this.#described(), this.#key, sent, signal).catch((error: unknown) => {
      throw isRefused(error, "FILE_TOO_LARGE") ? new Refused(barred.code, { message: `${barred.message} ${error.message}` }) : error;
    });
    this.#tell("completing");
    return done;
  }

  async #described(): Promise<NewUpload> {
    const firstBytes = base64(await headOf(this.file));
    const { options = null } = this.settings;
    return { fileName: this.#name, sizeBytes: this.file.size, firstBytes, fingerprint: this.#fingerprint, options };
  }

  get #name(): string {
    return this.settings.name ?? (this.file as Partial<File>).name ?? "";
  }

  #tell(phase: Phase, problem: Refused | null = null, sent = this.#parts.sentBytes): void {
    if (this.#isStopped) return;
    const { sentBytes, totalBytes } = this.progress;
    const furthest = phase === "completing" ? totalBytes : Math.min(Math.max(sentBytes, sent), totalBytes);
    (this as { progress: Progress }).progress = { phase, sentBytes: furthest, totalBytes, problem };
    this.settings.onChange?.(this.progress);
  }

  /** What cannot be kept is not: the service knows the file by its fingerprint. */
  async #keep({ id, expiresAt }: StagedUpload): Promise<void> {
    if (this.#isStopped) return;
    const { store, options = null } = this.settings;
    const kept = { fingerprint: this.#fingerprint, id, name: this.#name, sizeBytes: this.file.size };
    await store?.put({ ...kept, sentBytes: this.#parts.confirmedBytes, options, expiresAt }).catch(() => {});
  }

  async #remove(): Promise<void> {
    const id = this.#id ?? (await this.#creating?.catch(() => null))?.id;
    await this.#forget();
    if (!id) return;
    await this.service.abort(id).catch((error: unknown) => {
      if (!isRefused(error, "UPLOAD_NOT_FOUND")) throw error;
    });
  }

  async #forget(): Promise<void> {
    await this.settings.store?.delete(this.#fingerprint).catch(() => {});
  }
}
