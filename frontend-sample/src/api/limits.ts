// What the service accepts.

import { graphql, type ResultOf } from "./graphql.ts";

export const ReadLimits = graphql(
  `query Limits {
    serviceLimits {
      acceptedExtensions maxInlineUploadBytes maxFileBytes stagedUploads maxFramesPerVideo
      optionRanges { option minimum maximum wholeNumber }
    }
  }`,
);

export type Limits = ResultOf<typeof ReadLimits>["serviceLimits"];

/** The largest file that the service takes, in the way that suits it. */
export const largestFile = ({ stagedUploads, maxFileBytes, maxInlineUploadBytes }: Limits): number =>
  stagedUploads ? maxFileBytes : maxInlineUploadBytes;

/** Bytes of one part at least: a smaller file would be sent in one piece in any case. */
const PART = 8 * 1024 ** 2;

/** Whether a file goes straight to the storage, in parts. */
export const goesInParts = (limits: Limits | null, bytes: number): boolean => bytes > PART && limits?.stagedUploads === true;
