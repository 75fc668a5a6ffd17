// Why something was not done, and when it is tried again.

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

  constructor(readonly code: string, { message = code, retryAfterSeconds = null, field = null }: Why = {}) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
    this.field = field;
  }
}

/** Whether an error is a refusal with one of these codes. */
export const isRefused = (error: unknown, ...codes: readonly string[]): error is Refused =>
  error instanceof Refused && codes.includes(error.code);

/** Nobody answered, or an answer broke off. */
export const lost = (message = "The line broke off."): Refused => new Refused("NETWORK", { message });

/** Read the header Retry-After (RFC 9110, section 10.2.3): seconds from now, or null where it says nothing. */
export function retryAfter(header: string | null, now = Date.now()): number | null {
  const seconds = header && /^\d+$/.test(header) ? Number(header) : (Date.parse(header ?? "") - now) / 1000;
  return Number.isNaN(seconds) ? null : Math.max(seconds, 0);
}

/** Wait so many milliseconds; where `wakes` is true, no longer than until the machine is back on the network. */
export type Wait = (milliseconds: number, wakes: boolean, signal: AbortSignal) => Promise<void>;

/** Milliseconds: how long to wait at most, and where an answer asks for more. */
const [LONGEST, LONGEST_ASKED] = [10_000, 3_600_000];
/** So many failures in a row, and it is given up. */
const MOST = 30;
/** These may pass by themselves, whatever was asked. */
const PASSING = ["NETWORK", "STORAGE_ERROR", "RATE_LIMITED", "SERVICE_BUSY"];

export const wait: Wait = (milliseconds, wakes, signal) => {
  let wake!: () => void;
  const waited = new Promise<void>((resolve) => (wake = resolve));
  const timer = setTimeout(wake, milliseconds);
  if (wakes) globalThis.addEventListener?.("online", wake);
  return unless(signal, waited).finally(() => {
    clearTimeout(timer);
    globalThis.removeEventListener?.("online", wake);
  });
};

/** What a promise gives, unless the signal comes first. */
export function unless<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** What is tried until it is done. */
export class Tries {
  /** Failures in a row. */
  failures = 0;

  /** `passing` are codes that may pass by themselves here, beside those that may everywhere. */
  constructor(readonly passing: readonly string[] = [], readonly sleep = wait) {}

  /** How many milliseconds to wait after this failure; throws it where it does not pass, or was there too often. */
  pauseAfter(error: unknown): number {
    if (!isRefused(error, ...PASSING, ...this.passing)) throw error;
    // A machine without any network has not tried.
    if (globalThis.navigator?.onLine !== false && ++this.failures > MOST) throw error;
    // It may have expired meanwhile, which asking for another settles.
    if (error.code === "URL_REFUSED" && this.failures === 1) return 0;
    // Longer each time, and not all clients at once.
    const longer = Math.min(500 * 2 ** this.failures, LONGEST) * (0.5 + Math.random() / 2);
    return Math.max(longer, Math.min(1000 * (error.retryAfterSeconds ?? 0), LONGEST_ASKED));
  }

  /** Wait until it is time for the next one. */
  async failed(error: unknown, signal: AbortSignal, onWait?: (problem: Refused) => void): Promise<void> {
    signal.throwIfAborted();
    const pause = this.pauseAfter(error);
    onWait?.(error as Refused);
    if (pause) await this.sleep(pause, !(error as Refused).retryAfterSeconds, signal);
  }
}
