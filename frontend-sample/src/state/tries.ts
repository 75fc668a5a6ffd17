// When a file that could not be sent is sent again.

import type { Problem } from "../api/graphql.ts";

export interface Tries {
  /** How many there were. */
  readonly count: number;
  /** Whether bytes of it were sent. */
  readonly begun: boolean;
  /** At which byte the connection broke last. */
  readonly cutAt: number;
}

export const FIRST_TRY: Tries = { count: 0, begun: false, cutAt: Number.NEGATIVE_INFINITY };

const MOST = 30;
/** Milliseconds. */
const LONGEST_WAIT = 5000;

/** These may pass by themselves. */
const PASSING: readonly Problem["code"][] = ["NETWORK", "UNAUTHENTICATED", "STORAGE_ERROR", "UPLOAD_INCOMPLETE", "RATE_LIMITED", "SERVICE_BUSY"];
/** What a broken connection looks like from here. */
const CUT: readonly Problem["code"][] = ["NETWORK", "UPLOAD_INCOMPLETE"];
/** Two cuts no further apart than this share of the file are at one place. */
const SAME_PLACE = 0.02;
/** A smaller file may be sent as often as it takes. */
const WORTH_COUNTING = 1_000_000;

/**
 * Say whether to try again, and after how many milliseconds.
 *
 * @param sent bytes of this try; null where the service was asked first, and refused
 */
export function afterTry(
  { count, begun, cutAt }: Tries,
  problem: Problem,
  sent: number | null,
  size: number,
): { problem: Problem } | { tries: Tries; wait: number } {
  if (!PASSING.includes(problem.code) || count >= MOST) return { problem };
  const isCut = sent !== null && CUT.includes(problem.code);
  // The service was there a moment before: what cuts a file twice at the same place would do so for ever.
  if (isCut && Math.abs(sent - cutAt) <= SAME_PLACE * size && size >= WORTH_COUNTING) return { problem: { code: "CUT_TWICE" } };
  const tries = { count: count + 1, begun: begun || sent !== null, cutAt: isCut ? sent : cutAt };
  const wait = Math.max(Math.min(1000 * 2 ** count, LONGEST_WAIT), 1000 * (problem.retryAfterSeconds ?? 0));
  return { tries, wait };
}
