// What an upload asks of the service and of whoever keeps things: both can be somebody's own.

import type { OnSent } from "./line.ts";

export interface UploadPart {
  /** From 1. */
  readonly number: number;
  readonly done: boolean;
  /** Where it is taken; null where it is done, or its turn is later. */
  readonly url: string | null;
}

/** An unfinished upload, as the service tells it. */
export interface StagedUpload {
  readonly id: string;
  /** Bytes of each part but the last. */
  readonly partSizeBytes: number;
  readonly parts: readonly UploadPart[];
  readonly urlsExpireAt: string;
  /** When it ends by itself. */
  readonly expiresAt: string;
}

/** The schema's `CreateUploadInput`. */
export interface NewUpload {
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly firstBytes: string;
  readonly fingerprint: string;
  readonly options: object | null;
}

/** The service's operations. Each throws `Refused`, and may be asked again after any lost answer. */
export interface Service<Done> {
  create(upload: NewUpload, signal: AbortSignal): Promise<StagedUpload>;
  refresh(id: string, signal: AbortSignal): Promise<StagedUpload>;
  complete(id: string, signal: AbortSignal): Promise<Done>;
  abort(id: string): Promise<void>;
  /** Send all of it in one request, where no way leads to the storage; left out where that is not wanted. */
  whole?(file: Blob, upload: NewUpload, idempotencyKey: string, onSent: OnSent, signal: AbortSignal): Promise<Done>;
}

/** What is kept of an unfinished upload. */
export interface Kept {
  /** What tells its file apart. */
  readonly fingerprint: string;
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Bytes of the parts that the storage has. */
  readonly sentBytes: number;
  readonly options: object | null;
  /** When the service forgets it. */
  readonly expiresAt: string;
}

/** Keeps what an upload is gone on with after the program or the page has ended. */
export interface Store {
  get(fingerprint: string): Promise<Kept | undefined>;
  put(kept: Kept): Promise<unknown>;
  delete(fingerprint: string): Promise<void>;
}
