// A video, as the service tells it.

export type Status = "PENDING" | "PROCESSING" | "COMPLETED" | "FAILED";

/** One processing of one film: the schema's `VideoProcessing`. Times are in ISO 8601. */
export interface Video {
  readonly id: string;
  readonly originalFileName: string;
  readonly sizeBytes: number;
  readonly status: Status;
  /** It only rises: what has a lower one than you have seen is older. */
  readonly version: number;
  readonly progress: { readonly percent: number; readonly framesExtracted: number; readonly framesExpected: number | null };
  /** Why it failed: `code` for programs, `reason` as a sentence. */
  readonly failure: { readonly code: string; readonly reason: string; readonly retryable: boolean } | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
  readonly expiresAt: string | null;
  /** The ZIP, null unless there is one; left out where something was changed, since a key that may do so need not read. */
  readonly result?: FramesArchive | null;
}

/** Its links authorise themselves for some minutes, and may be relative to the service. */
export interface FramesArchive {
  readonly frameCount: number;
  readonly sizeBytes: number;
  readonly downloadUrl: string;
  readonly contactSheetUrl: string | null;
  readonly expiresAt: string;
}

export const STATE = `id originalFileName sizeBytes status version progress { percent framesExtracted framesExpected }
  failure { code reason retryable } createdAt completedAt expiresAt`;
export const VIDEO = `${STATE} result { frameCount sizeBytes downloadUrl contactSheetUrl expiresAt }`;

/** Whether it will not change any more. */
export const isFinal = ({ status }: Video): boolean => status === "COMPLETED" || status === "FAILED";
