// Why something was not done.

/**
 * Codes of the client's own, beside those of the service (its schema's `ErrorCode`): nobody answered; the file can no longer
 * be read; nothing ever got through to the storage, or came from it, although the service answers; what was downloaded has
 * another checksum than it should; the service answered with no sense in it.
 */
export type OwnCode = "NETWORK" | "UNREADABLE" | "STORAGE_UNREACHABLE" | "DAMAGED" | "INTERNAL";

export interface Why {
  readonly message?: string | undefined;
  /** Seconds after which to ask again, where the service or the storage said so. */
  readonly retryAfterSeconds?: number | null | undefined;
  /** What of the input is at fault. */
  readonly field?: readonly string[] | null | undefined;
}

/** Something was refused, or failed; `code` is for programs, `message` is the service's sentence in English. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly retryAfterSeconds: number | null;
  readonly field: readonly string[] | null;

  constructor(readonly code: string, { message, retryAfterSeconds, field }: Why = {}) {
    super(message ?? code);
    this.retryAfterSeconds = retryAfterSeconds ?? null;
    this.field = field ?? null;
  }
}

/** Nobody answered, or an answer broke off. */
export const lost = (message: string): Refused => new Refused("NETWORK", { message });

/** Read the header Retry-After (RFC 9110, section 10.2.3): seconds from now, or null where it says nothing. */
export function retryAfter(header: string | null, now = Date.now()): number | null {
  if (!header) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(seconds, 0) : null;
}
