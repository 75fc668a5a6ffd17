// A processing, as the list shows it.

import { graphql, type ResultOf } from "./graphql.ts";

export const videoFields = graphql(
  `fragment VideoFields on VideoProcessing {
    id fileId originalFileName sizeBytes status version createdAt expiresAt
    media { durationSeconds }
    options { format select { framesPerSecond everySeconds everyNthFrame count timestamps keyframesOnly sceneChange } }
    progress { percent framesExtracted framesExpected }
    failure { code reason retryable }
    result { frameCount sizeBytes contactSheetUrl storyboard { columns } }
  }`,
);

/** How many videos there are in each state. */
export interface Counts {
  readonly pending: number;
  readonly processing: number;
  readonly completed: number;
  readonly failed: number;
  readonly total: number;
}

export type Video = ResultOf<typeof videoFields>;

export function isVideo(answer: object): answer is Video {
  return "version" in answer;
}

/** Whether its file and ZIP are no longer kept: a ZIP that is gone says so itself, whatever this clock shows. */
export function isExpired({ status, expiresAt, result }: Pick<Video, "status" | "expiresAt"> & { result: object | null }): boolean {
  return status === "COMPLETED" ? result === null : expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

export function isUnfinished(video: Video): boolean {
  return video.status === "PENDING" || video.status === "PROCESSING";
}
