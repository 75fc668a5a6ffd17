// One file on its way, through every break until it is there.

import { base64, fingerprintOf, headOf } from "./file.ts";
import { Parts } from "./parts.ts";
import { put, type Put } from "./put.ts";
import { Refused } from "./refused.ts";
import type { Kept, Service, StagedUpload, Store } from "./service.ts";
import { Tries, unless, wait, type Wait } from "./waiting.ts";

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
  #progress: Progress;
  #fingerprint = "";
  #staged: StagedUpload | null = null;
  /** Its id, once all of it was sent: then nobody knows it by its fingerprint. */
  #whole: string | null = null;
  readonly #parts: Parts;
  /** They begin anew with each part that came. */
  readonly #tries = new Tries(["UPLOAD_INCOMPLETE", "UPLOAD_NOT_FOUND", "URL_REFUSED"]);
  #stop = new AbortController();
  /** Ends what is under way at this moment. */
  #turn = new AbortController();
  #resumed: Promise<void> | null = null;
  #goOn = (): void => {};
  #creating: Promise<StagedUpload> | null = null;

  constructor(readonly service: Service<Done>, readonly file: Blob, readonly settings: UploadSettings = {}) {
    this.#progress = { phase: "starting", sentBytes: 0, totalBytes: file.size, problem: null };
    const { parallel = 3 } = settings;
    const onConfirmed = (): void => {
      this.#tries.failures = 0;
      this.#tell("sending");
      void this.#keep();
    };
    this.#parts = new Parts(file, { put: settings.put ?? put, parallel, onSent: () => this.#tell("sending"), onConfirmed });
    this.done = this.#run();
    this.done.catch(() => {}); // Whoever asks for it is told.
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Stop sending, until `resume`; parts that are under way are sent again then. */
  pause(): void {
    if (this.#resumed) return;
    this.#resumed = new Promise((resolve) => (this.#goOn = resolve));
    this.#turn.abort(stopped());
  }

  resume(): void {
    this.#resumed = null;
    this.#goOn();
  }

  /** End it here; what came stays at the storage for a day, for whoever uploads the same file again. */
  stop(): void {
    this.#stop.abort(stopped());
    this.#turn.abort(stopped());
    this.#goOn();
  }

  /** End it, and remove what came of it. */
  async abort(): Promise<void> {
    this.stop();
    const id = this.#whole ?? (this.#staged ?? (await this.#creating?.catch(() => null)))?.id;
    await this.#forget();
    if (!id) return;
    await this.service.abort(id).catch((error: unknown) => {
      if (!(error instanceof Refused) || error.code !== "UPLOAD_NOT_FOUND") throw error;
    });
  }

  async #run(): Promise<Done> {
    for (let pause = 0, wakes = true; ; ) {
      this.#turn = new AbortController();
      if (this.#resumed) this.#tell("paused");
      await this.#resumed;
      this.#stop.signal.throwIfAborted();
      try {
        if (pause > 0) await (this.settings.wait ?? wait)(pause, wakes, this.#turn.signal);
        const done = await this.#attempt(this.#turn.signal);
        await this.#forget();
        return done;
      } catch (error) {
        pause = 0;
        if (this.#turn.signal.aborted) continue;
        const problem = await this.#judged(error);
        const longer = this.#tries.pauseAfter(problem);
        if (problem.code !== "URL_REFUSED" || this.#tries.failures > 1) pause = longer;
        wakes = !problem.retryAfterSeconds;
        this.#tell("waiting", problem);
      }
    }
  }

  /** What stopped it, once all that does not hold any more is forgotten. */
  async #judged(error: unknown): Promise<Refused> {
    if (!(error instanceof Refused)) throw error;
    // A browser does not tell a file that has changed from a line that broke.
    if (error.code === "NETWORK") await headOf(this.file);
    if (error.code === "FILE_CHANGED") await this.#forget();
    if (error.code === "UPLOAD_NOT_FOUND") this.#staged = null;
    if (error.code === "UPLOAD_NOT_FOUND" || error.code === "UPLOAD_INCOMPLETE") this.#whole = null;
    return error;
  }

  async #attempt(signal: AbortSignal): Promise<Done> {
    if (!this.#fingerprint) await this.#recall();
    if (!this.#whole) await this.#sendAll(signal);
    this.#tell("completing");
    return unless(signal, this.service.complete(this.#whole!, signal));
  }

  /** Find out which file this is, and whether all of it was sent before. */
  async #recall(): Promise<void> {
    const [name, lastModified] = [this.#name(), this.settings.lastModified ?? (this.file as Partial<File>).lastModified ?? 0];
    this.#fingerprint = fingerprintOf(name, this.file.size, lastModified, await headOf(this.file));
    const kept = await this.settings.store?.get(this.#fingerprint).catch(() => undefined);
    if (kept?.sentBytes === this.file.size) this.#whole = kept.id;
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    let staged = await unless(signal, this.#staged ? this.service.refresh(this.#staged.id, signal) : this.#create(signal));
    this.#take(staged);
    while (this.#parts.missing(staged).length > 0) {
      await this.#parts.send(staged, signal);
      if (this.#parts.missing(staged).length === 0) break;
      staged = await unless(signal, this.service.refresh(staged.id, signal));
      this.#take(staged);
    }
    await this.#keep();
    this.#whole = staged.id;
  }

  async #create(signal: AbortSignal): Promise<StagedUpload> {
    const firstBytes = base64(await headOf(this.file));
    const { options = null } = this.settings;
    const file = { fileName: this.#name(), sizeBytes: this.file.size, firstBytes, fingerprint: this.#fingerprint, options };
    this.#creating = this.service.create(file, signal);
    return this.#creating;
  }

  #take(staged: StagedUpload): void {
    this.#staged = staged;
    this.#parts.take(staged);
    this.#tell("sending");
    void this.#keep();
  }

  #name(): string {
    return this.settings.name ?? (this.file as Partial<File>).name ?? "";
  }

  #tell(phase: Phase, problem: Refused | null = null): void {
    if (this.#stop.signal.aborted) return;
    const sentBytes = phase === "completing" ? this.file.size : Math.max(this.#progress.sentBytes, this.#parts.sentBytes);
    this.#progress = { phase, sentBytes, totalBytes: this.file.size, problem };
    this.settings.onChange?.(this.#progress);
  }

  /** What cannot be kept is not: the service knows the file by its fingerprint. */
  async #keep(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const kept: Kept = {
      fingerprint: this.#fingerprint,
      id: this.#staged!.id,
      name: this.#name(),
      sizeBytes: this.file.size,
      sentBytes: this.#parts.confirmedBytes,
      options: this.settings.options ?? null,
      expiresAt: this.#staged!.expiresAt,
    };
    await this.settings.store?.put(kept).catch(() => {});
  }

  async #forget(): Promise<void> {
    await this.settings.store?.delete(this.#fingerprint).catch(() => {});
  }
}
